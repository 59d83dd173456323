import { EigenvalueDecomposition, Matrix, SingularValueDecomposition } from 'ml-matrix';

/** Singular values below this share of the largest are none. */
const RANK = 1e-6;

/**
 * The orthogonal map that is nearest to m (rows×cols, row-major): U·Vᵀ of its singular value decomposition (Schönemann 1966).
 * Directions of which m says nothing, as there are where anchors are few, are mapped to nothing, not anywhere.
 */
export function nearestOrthogonal(m: Float64Array, rows: number, cols: number): Float64Array {
  const matrix = Matrix.from1DArray(rows, cols, m);
  const { leftSingularVectors, rightSingularVectors, diagonal } = new SingularValueDecomposition(matrix, {
    autoTranspose: true,
  });
  const least = RANK * Math.max(...diagonal);
  const told = leftSingularVectors.mulRowVector(diagonal.map((value) => (value > least ? 1 : 0)));
  return flat(told.mmul(rightSingularVectors.transpose()));
}

/** (m / its greatest eigenvalue + `floor`) to the power `power`, of a symmetric matrix without negative eigenvalues. */
export function powerOf(m: Float64Array, dims: number, power: number, floor: number): Float64Array {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(Matrix.from1DArray(dims, dims, m), {
    assumeSymmetric: true,
  });
  const most = Math.max(...realEigenvalues);
  const powers = realEigenvalues.map((value) => (Math.max(0, value) / most + floor) ** power);
  return flat(eigenvectorMatrix.clone().mulRowVector(powers).mmul(eigenvectorMatrix.transpose()));
}

function flat(matrix: Matrix): Float64Array {
  return Float64Array.from(matrix.to1DArray());
}
