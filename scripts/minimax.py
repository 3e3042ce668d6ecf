#!/usr/bin/env python3
"""Prints the polynomial coefficients of compiler/passes/tir/expand_math.cc.

Each row approximates a function on an interval with the smallest largest error, by the exchange
algorithm of Remez in double precision: enough for float32 kernels, whose rounding is 6e-8.

usage: minimax.py            prints every polynomial with its error
"""
import math


def solve(matrix, values):
    """Gauss with partial pivoting."""
    n = len(values)
    rows = [list(row) + [value] for row, value in zip(matrix, values)]
    for i in range(n):
        pivot = max(range(i, n), key=lambda r: abs(rows[r][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(i + 1, n):
            factor = rows[r][i] / rows[i][i]
            for c in range(i, n + 1):
                rows[r][c] -= factor * rows[i][c]
    result = [0.0] * n
    for i in reversed(range(n)):
        known = sum(rows[i][c] * result[c] for c in range(i + 1, n))
        result[i] = (rows[i][n] - known) / rows[i][i]
    return result


def evaluate(coefficients, x):
    total = 0.0
    for c in reversed(coefficients):
        total = total * x + c
    return total


def remez(f, weight, low, high, degree):
    """Coefficients, lowest first, minimising max |weight(x) * (p(x) - f(x))|, and that error."""
    count = degree + 2
    middle, half = (low + high) / 2, (high - low) / 2
    nodes = [middle - half * math.cos(math.pi * i / (count - 1)) for i in range(count)]
    grid = [low + (high - low) * i / 4000 for i in range(4001)]
    for _ in range(30):
        rows = [[x**k for k in range(degree + 1)] + [(-1) ** i / weight(x)]
                for i, x in enumerate(nodes)]
        coefficients = solve(rows, [f(x) for x in nodes])[:-1]
        errors = [weight(x) * (evaluate(coefficients, x) - f(x)) for x in grid]
        extremes, start = [], 0
        for i in range(1, len(grid) + 1):
            if i == len(grid) or (errors[i] > 0) != (errors[start] > 0):
                extremes.append(max(range(start, i), key=lambda k: abs(errors[k])))
                start = i
        while len(extremes) > count:
            extremes.pop(0 if abs(errors[extremes[0]]) < abs(errors[extremes[-1]]) else -1)
        if len(extremes) < count:
            break
        found = [grid[k] for k in extremes]
        if max(abs(a - b) for a, b in zip(found, nodes)) < 1e-9:
            break
        nodes = found
    return coefficients, max(abs(e) for e in errors)


HALF_LN2 = math.log(2) / 2
TINY = 1e-12
ROWS = [
    # exp(r) = 1 + r + r*r*p(r)
    ("exp", lambda r: (math.expm1(r) - r) / (r * r) if abs(r) > 1e-4 else 0.5 + r / 6 + r * r / 24,
     lambda r: r * r + TINY, -HALF_LN2, HALF_LN2, 5),
    # log((1 + s) / (1 - s)) = 2s + s*z*p(z), z = s*s
    ("log", lambda z: (2 * math.atanh(math.sqrt(z)) / math.sqrt(z) - 2) / z if z > 1e-4
     else 2 / 3 + 2 * z / 5 + 2 * z * z / 7,
     lambda z: z + TINY, 0.0, ((math.sqrt(2) - 1) / (math.sqrt(2) + 1)) ** 2 * 1.01, 3),
    # tanh(x) = x + x*z*p(z), z = x*x, |x| <= 0.625
    ("tanh", lambda z: (math.tanh(math.sqrt(z)) / math.sqrt(z) - 1) / z if z > 1e-4
     else -1 / 3 + 2 * z / 15 - 17 * z * z / 315,
     lambda z: z + TINY, 0.0, 0.625**2, 5),
    # erf(x) = x*p(z), z = x*x, |x| <= 0.9
    ("erf_small", lambda z: math.erf(math.sqrt(z)) / math.sqrt(z) if z > 1e-8
     else 2 / math.sqrt(math.pi) * (1 - z / 3),
     lambda z: 1.0, 0.0, 0.81, 6),
    # erf(x) = 1 - exp(-p(x - 2.4)), 0.9 <= x <= 3.95
    ("erf_large", lambda t: -math.log(math.erfc(t + 2.4)),
     lambda t: math.erfc(t + 2.4) / math.erf(t + 2.4), -1.5, 1.55, 9),
]

if __name__ == "__main__":
    for name, f, weight, low, high, degree in ROWS:
        coefficients, error = remez(f, weight, low, high, degree)
        print(f"{name}: error {error:.2e}")
        for c in coefficients:
            print(f"  {c:.17g},")
