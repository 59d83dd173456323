/** Clustered unit rows: 200 centres in 32 dimensions, spread 0.6, projected to `dims`, noise 0.3. The same for the same seed. */
export function clustered({ dims = 384, seed = 1, latent = 32, centres = 200, spread = 0.6, noise = 0.3 } = {}) {
  let state = (seed * 2654435761) >>> 0 || 1;
  const uniform = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  let spare;
  const gauss = () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  const projection = Float32Array.from({ length: latent * dims }, () => gauss() / Math.sqrt(latent));
  const middle = Array.from({ length: centres }, () => Float32Array.from({ length: latent }, gauss));
  return () => {
    const centre = middle[Math.floor(uniform() * centres)];
    const row = new Float32Array(dims);
    for (let l = 0; l < latent; l++) {
      const z = centre[l] + spread * gauss();
      for (let d = 0; d < dims; d++) row[d] += z * projection[l * dims + d];
    }
    let squares = 0;
    for (let d = 0; d < dims; d++) {
      row[d] += noise * gauss();
      squares += row[d] * row[d];
    }
    const factor = 1 / Math.sqrt(squares);
    for (let d = 0; d < dims; d++) row[d] *= factor;
    return row;
  };
}
