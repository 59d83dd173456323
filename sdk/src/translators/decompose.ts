import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { gram, product, timesTransposed, transposed } from './linear.js';

/** Singular values below this share of the largest are none. */
const RANK = 1e-5;

/**
 * The orthogonal map that is nearest to m (rows×cols, row-major): U·Vᵀ of its singular value decomposition (Schönemann 1966),
 * worked out as m·(mᵀm)^−½ because the eigenvalues of the smaller square take a third of the time. Directions of which m says
 * nothing, as there are where anchors are few, are mapped to nothing, not anywhere.
 */
export function nearestOrthogonal(m: Float64Array, rows: number, cols: number): Float64Array {
  if (cols > rows) return transposed(nearestOrthogonal(transposed(m, cols), cols, rows), rows);
  const inverse = ofEigenvalues(gram(m, rows), cols, (value, most) => (value > RANK ** 2 * most ? value ** -0.5 : 0));
  return product(m, inverse, cols);
}

/** (m / its greatest eigenvalue + `floor`) to the power `power`, of a symmetric matrix without negative eigenvalues. */
export function powerOf(m: Float64Array, dims: number, power: number, floor: number): Float64Array {
  return ofEigenvalues(m, dims, (value, most) => (Math.max(0, value) / most + floor) ** power);
}

/** The symmetric matrix with its eigenvalues replaced. */
function ofEigenvalues(m: Float64Array, dims: number, change: (value: number, most: number) => number): Float64Array {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(Matrix.from1DArray(dims, dims, m), {
    assumeSymmetric: true,
  });
  const most = Math.max(...realEigenvalues);
  const changed = realEigenvalues.map((value) => change(value, most));
  const vectors = Float64Array.from(eigenvectorMatrix.to1DArray());
  return timesTransposed(
    vectors.map((x, i) => x * changed[i % dims]!),
    vectors,
    dims,
  );
}
