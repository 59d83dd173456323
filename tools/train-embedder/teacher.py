"""Teacher vectors: all-MiniLM-L6-v2 (ONNX, q8) over the lines of a text file.

usage: teacher.py MODEL_FOLDER TEXTS.txt OUT.f16.npy   one text a line; the rows of OUT are unit vectors, float16, line order
"""
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

MAX_TOKENS = 128
BATCH_TOKENS = 4096  # padded tokens in a batch: long texts travel in small batches


def main(folder: str, texts_path: str, out_path: str) -> None:
    texts = Path(texts_path).read_text(encoding="utf-8").split("\n")[:-1]
    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.no_padding()
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    session = ort.InferenceSession(f"{folder}/onnx/model_quantized.onnx", options, providers=["CPUExecutionProvider"])
    names = {i.name for i in session.get_inputs()}
    out = np.zeros((len(texts), 384), np.float16)
    started = time.time()
    # By length, so that little is padded; the order is a function of the texts alone.
    ids = []
    for at in range(0, len(texts), 20000):
        ids.extend(np.array(e.ids, np.int64) for e in tokenizer.encode_batch(texts[at : at + 20000]))
    lengths = np.array([len(i) for i in ids])
    order = np.argsort(lengths, kind="stable")
    at = done = 0
    while at < len(order):
        longest = lengths[order[at]]
        size = max(1, BATCH_TOKENS // max(8, int(longest)))
        rows = order[at : at + size]
        width = int(lengths[rows[-1]])
        tokens = np.zeros((len(rows), width), np.int64)
        mask = np.zeros((len(rows), width), np.int64)
        for r, row in enumerate(rows):
            tokens[r, : lengths[row]] = ids[row]
            mask[r, : lengths[row]] = 1
        feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        hidden = session.run(None, {k: v for k, v in feed.items() if k in names})[0]
        pooled = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        out[rows] = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
        at += len(rows)
        if at // 20000 != done:
            done = at // 20000
            print(f"{at}/{len(order)} {at / (time.time() - started):.0f}/s", flush=True)
    np.save(out_path, out)


if __name__ == "__main__":
    main(*sys.argv[1:4])
