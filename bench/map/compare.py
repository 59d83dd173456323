"""Holds places of rows against their vectors, those of the node and those of umap-learn on the same vectors.

    python3 -m venv venv && venv/bin/pip install umap-learn==0.5.12
    venv/bin/python bench/map/compare.py FOLDER        # of layout.mjs; prints one JSON object

kept15: of the 15 nearest by cosine, the part that is among the 15 nearest on the map, over up to 2,000 rows, neighbours among all.
trust15: scikit-learn's trustworthiness over the same rows alone (1 - a rank-weighted share of neighbours that are none).
far: Spearman's rank correlation of 50,000 distances between pairs.
"""

import json
import resource
import sys
import time

import numpy as np

DIMS, K, SAMPLE = 384, 15, 2000


def kept(vectors, places, rows):
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    found = 0
    for row in rows:
        near = units @ units[row]
        near[row] = -9
        far = np.square(places - places[row]).sum(1)
        far[row] = np.inf
        found += len(set(np.argpartition(-near, K)[:K]) & set(np.argpartition(far, K)[:K]))
    return found / (K * len(rows))


def measure(vectors, places, rows):
    from scipy.stats import spearmanr
    from sklearn.manifold import trustworthiness

    rng = np.random.default_rng(2)
    a, b = rng.integers(0, len(vectors), (2, 50_000))
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    high = 1 - np.einsum("ij,ij->i", units[a], units[b])
    low = np.linalg.norm(places[a] - places[b], axis=1)
    return {
        "kept15": round(float(kept(vectors, places, rows)), 4),
        "trust15": round(float(trustworthiness(vectors[rows], places[rows], n_neighbors=K, metric="cosine")), 4),
        "far": round(float(spearmanr(high, low).statistic), 4),
    }


def main(folder):
    vectors = np.fromfile(f"{folder}/vectors.f32", np.float32).reshape(-1, DIMS)
    places = np.fromfile(f"{folder}/places.f32", np.float32).reshape(-1, 2)
    placed = ~np.isnan(places[:, 0])
    vectors, places = vectors[placed], places[placed]
    rows = np.random.default_rng(1).permutation(len(vectors))[:SAMPLE]
    figures = json.load(open(f"{folder}/node.json"))
    result = {**figures, "node": measure(vectors, places, rows)}
    import umap

    # What numba compiles is no part of the work.
    umap.UMAP(n_jobs=1, random_state=1, metric="cosine").fit_transform(vectors[:5000])
    started = time.process_time()
    theirs = umap.UMAP(n_jobs=1, random_state=1, metric="cosine").fit_transform(vectors)
    result["umapCpuMs"] = round((time.process_time() - started) * 1000)
    result["umapPeakMb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    result["umapVersion"] = umap.__version__
    result["umap"] = measure(vectors, theirs, rows)
    chance = np.random.default_rng(3).random(places.shape)
    result["chance"] = measure(vectors, chance, rows)
    print(json.dumps(result, indent=1))


main(sys.argv[1])
