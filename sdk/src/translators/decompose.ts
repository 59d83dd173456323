import { Matrix, SingularValueDecomposition } from 'ml-matrix';

/**
 * The orthogonal map that is nearest to m (rows×cols, row-major): U·Vᵀ of its singular value decomposition (Schönemann 1966).
 * Where m has fewer directions than numbers, the others are mapped in some way or other.
 */
export function nearestOrthogonal(m: Float64Array, rows: number, cols: number): Float64Array {
  const matrix = Matrix.from1DArray(rows, cols, m);
  const { leftSingularVectors, rightSingularVectors } = new SingularValueDecomposition(matrix, { autoTranspose: true });
  const w = leftSingularVectors.mmul(rightSingularVectors.transpose());
  const out = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[i * cols + j] = w.get(i, j);
  return out;
}
