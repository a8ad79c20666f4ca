#!/usr/bin/env python3
"""Writes the bundled data sets as plain CSV from scikit-learn's copies, and prints size and SHA-256.

    python -m venv venv && venv/bin/pip install scikit-learn==1.7.2 scikit-image==0.22.0
    venv/bin/python scripts/export-bundled-data.py

The files are reproduced byte for byte by the pinned version. Numbers are written with the fewest
digits that read back to the same double; the label is the last column, named `label`.
"""

import hashlib
import pathlib
import sys

import skimage
import sklearn
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris

PINNED = "1.7.2"
PINNED_IMAGES = "0.22.0"
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "crates/tropism/src/data/bundled"


def cell(value):
    """Shortest text of a number; integers without a decimal point."""
    value = float(value)
    return str(int(value)) if value.is_integer() else repr(value)


def words(names):
    """Column names without blanks, brackets or units."""
    return [n.split(" (")[0].replace(" ", "_") for n in names]


def write(name, features, x, labels):
    lines = [",".join([*features, "label"])]
    lines += [",".join([*map(cell, row), str(label)]) for row, label in zip(x, labels)]
    data = ("\n".join(lines) + "\n").encode("ascii")
    (FOLDER / f"{name}.csv").write_bytes(data)
    print(f"{name}.csv  {x.shape[0]} x {x.shape[1]}  {len(data)} bytes  {hashlib.sha256(data).hexdigest()}")


def write_image(name, image, block):
    """Grey values averaged over square blocks, without a header."""
    n, m = image.shape[0] // block, image.shape[1] // block
    means = image.astype(float).reshape(n, block, m, block).mean((1, 3)).round().astype(int)
    data = ("\n".join(",".join(map(str, row)) for row in means) + "\n").encode("ascii")
    (FOLDER / f"{name}.csv").write_bytes(data)
    print(f"{name}.csv  {n} x {m}  {len(data)} bytes  {hashlib.sha256(data).hexdigest()}")


def main():
    if skimage.__version__ != PINNED_IMAGES:
        sys.exit(f"this script is pinned to scikit-image {PINNED_IMAGES}, found {skimage.__version__}")
    if sklearn.__version__ != PINNED:
        sys.exit(f"this script is pinned to scikit-learn {PINNED}, found {sklearn.__version__}")
    for name, load in [("breast_cancer", load_breast_cancer), ("iris", load_iris)]:
        b = load()
        write(name, words(b.feature_names), b.data, [b.target_names[t] for t in b.target])
    b = load_digits()
    write("digits", b.feature_names, b.data, b.target)
    b = load_diabetes(scaled=False)
    write_image("camera", skimage.data.camera(), 8)
    write("diabetes", b.feature_names, b.data, map(cell, b.target))


if __name__ == "__main__":
    main()
