"""Writes drift-reference.json, against which column-drift.test.ts holds the measures of drift.

pip install scipy==1.17.1 numpy==2.4.6 pandas==2.3.3 evidently==0.7.23; python drift-reference.py
The data sets are made by mulberry32 with additions and multiplications alone, so that JavaScript makes the very same numbers.
"""
import json
import math
import pathlib

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests.chisquare_stattest import _chi_stat_test
from evidently.legacy.calculations.stattests.jensenshannon import _jensenshannon
from evidently.legacy.calculations.stattests.ks_stattest import _ks_stat_test
from evidently.legacy.core import ColumnType
from scipy.spatial.distance import jensenshannon
from scipy.stats import chisquare, ks_2samp, wasserstein_distance


def uniform(seed):
    state = seed & 0xFFFFFFFF
    imul = lambda a, b: (a * b) & 0xFFFFFFFF
    while True:
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        mixed = imul(state ^ (state >> 15), state | 1)
        mixed ^= (mixed + imul(mixed ^ (mixed >> 7), mixed | 61)) & 0xFFFFFFFF
        yield ((mixed ^ (mixed >> 14)) & 0xFFFFFFFF) / 4294967296


def values(kind, seed, rows, scale, shift):
    draw = uniform(seed)
    made = []
    for _ in range(rows):
        u = next(draw)
        if kind == "uniform":
            made.append(u * scale + shift)
        elif kind == "bell":
            made.append((sum_of([u] + [next(draw) for _ in range(11)]) - 6) * scale + shift)
        elif kind == "skewed":
            made.append(u * u * u * scale + shift)
        elif kind == "counts":
            made.append(float(math.floor(u * scale) + shift))
        elif kind == "constant":
            made.append(float(shift))
        else:
            made.append("abcdefgh"[math.floor(u * u * scale) + shift])
    return made


def sum_of(numbers):
    total = 0.0
    for number in numbers:
        total += number
    return total


SETS = [
    ("the same bell", ["bell", 1, 300, 1, 0], ["bell", 2, 280, 1, 0]),
    ("a shifted bell", ["bell", 3, 300, 1, 0], ["bell", 4, 300, 1, 0.75]),
    ("a scaled skew", ["skewed", 5, 500, 10, 0], ["skewed", 6, 400, 16, 0]),
    ("counts with ties", ["counts", 7, 350, 6, 0], ["counts", 8, 350, 7, 0]),
    ("few against many", ["uniform", 9, 12, 1, 0], ["uniform", 10, 900, 1.2, 0]),
    ("more than ten thousand", ["uniform", 11, 12000, 1, 0], ["bell", 12, 11000, 0.3, 0.5]),
    ("the same categories", ["category", 13, 600, 5, 0], ["category", 14, 500, 5, 0]),
    ("a new category", ["category", 15, 600, 4, 0], ["category", 16, 500, 5, 0]),
]


def numeric(base, data):
    bins = math.ceil(math.log2(min(len(base), len(data))) + 1)
    low, high = min(base + data), max(base + data)
    edges = [low + index * ((high - low) / bins) for index in range(bins)] + [high]
    p, q = np.histogram(base, edges)[0], np.histogram(data, edges)[0]
    test = ks_2samp(base, data)
    assert test.pvalue == _ks_stat_test(pd.Series(base), pd.Series(data), ColumnType.Numerical, 0.05)[0]
    return {
        "psi": psi(p, q),
        "jensenShannon": float(jensenshannon(p, q, base=2)),
        "kolmogorovSmirnov": float(test.statistic),
        "wasserstein": float(wasserstein_distance(base, data) / np.std(base, ddof=1)),
        "pValue": float(test.pvalue),
    }


def categorical(base, data):
    names = sorted(set(base) | set(data))
    p, q = np.array([base.count(n) for n in names]), np.array([data.count(n) for n in names])
    first, second = pd.Series(base), pd.Series(data)
    distance = _jensenshannon(first, second, ColumnType.Categorical, 0.1, base=2)[0]
    assert abs(distance - jensenshannon(p, q, base=2)) < 1e-12
    with np.errstate(divide="ignore"):
        p_value = chisquare(q, p / p.sum() * q.sum()).pvalue
        assert abs(p_value - _chi_stat_test(first, second, ColumnType.Categorical, 0.05)[0]) < 1e-12
    return {"psi": psi(p, q), "jensenShannon": float(distance), "pValue": float(p_value)}


def psi(p, q):
    p, q = (p + 1) / (p + 1).sum(), (q + 1) / (q + 1).sum()
    return float(np.sum((p - q) * np.log(p / q)))


cases = []
for name, first, second in SETS:
    base, data = values(*first), values(*second)
    measures = categorical(base, data) if first[0] == "category" else numeric(base, data)
    cases.append({"name": name, "base": first, "data": second, "measures": measures})
path = pathlib.Path(__file__).with_name("drift-reference.json")
path.write_text(json.dumps(cases, indent=2) + "\n")
