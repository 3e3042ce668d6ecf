"""Seeded values. Each tensor has a generator of its own, keyed by seed and name."""

import array
import math
import random

LAST_GAIN = 0.25          # of a matrix before a Softmax, so that no class takes it all
LAST_BIAS = (0.5, 1.5)    # before a Softmax, so that a ReLU between them makes no class constant
MIN_CENTERED = 9          # shorter filters would lose too much of their size


def generator(seed, name):
    return random.Random(f"{seed}/{name}")


def uniform(seed, name, count, low, high):
    """Float32 values, uniform in [low, high)."""
    draw = generator(seed, name).random
    width = high - low
    return array.array("f", (low + width * draw() for _ in range(count)))


def he_weights(seed, name, count, fan_in):
    """Uniform with standard deviation sqrt(2 / fan_in): a ReLU layer then keeps the scale.

    He, Zhang, Ren, Sun, "Delving deep into rectifiers" (2015).
    """
    bound = math.sqrt(6.0 / fan_in)
    return uniform(seed, name, count, -bound, bound)


def filters(seed, name, count, fan_in):
    """He-scaled convolution weights [out, in, ...] in which the weights of each output sum to zero.

    Inputs after a ReLU are positive: with a sum of its own, a filter would see mostly their mean
    and give outputs of one sign everywhere, which the next ReLU makes constant.
    """
    values = he_weights(seed, name, count, fan_in)
    for begin in range(0, count, fan_in):
        row = values[begin:begin + fan_in]
        mean = math.fsum(row) / fan_in if fan_in >= MIN_CENTERED else 0.0
        values[begin:begin + fan_in] = array.array("f", (value - mean for value in row))
    return values


def normal(seed, name, count):
    draw = generator(seed, name).gauss
    return array.array("f", (draw(0.0, 1.0) for _ in range(count)))


def floats(values):
    return array.array("f", values)


def ramp(count):
    """0, 1/count, 2/count, ..."""
    return array.array("f", (index / count for index in range(count)))


def integers(seed, name, count, bound, typecode):
    draw = generator(seed, name).randrange
    return array.array(typecode, (draw(bound) for _ in range(count)))
