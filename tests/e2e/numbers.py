"""A small convolution whose outputs are computed here, in plain loops over Python's floats, and
arrays as the files that the programs read."""

import array

from tests.e2e.common import ROOT  # noqa: F401  (makes the model generator importable)
from models import inputs, networks, onnx, seeded

IN_CHANNELS, OUT_CHANNELS, SIZE, KERNEL = 16, 32, 8, 3
FAN_IN = IN_CHANNELS * KERNEL * KERNEL
IN_DIMS, OUT_DIMS = [1, IN_CHANNELS, SIZE, SIZE], [1, OUT_CHANNELS, SIZE, SIZE]


class SmallConv:
    """Convolution, bias and ReLU with seeded weights and input."""

    def __init__(self, seed=1):
        net = networks.Builder(seed)
        self.output = net.conv_relu("conv", "data", (IN_CHANNELS, OUT_CHANNELS), KERNEL, pad=1)
        self.model = net.model("small_conv", "data", IN_DIMS, self.output, OUT_DIMS).encode()
        self.weights = seeded.filters(seed, "conv_w", OUT_CHANNELS * FAN_IN, FAN_IN)
        self.biases = seeded.uniform(seed, "conv_b", OUT_CHANNELS, -0.1, 0.1)
        self.data = seeded.normal(seed, "data", onnx.num_elements(IN_DIMS))

    def channel_weights(self, channel):
        return self.weights[channel * FAN_IN:(channel + 1) * FAN_IN]

    def expected(self):
        result = array.array("f")
        for channel in range(OUT_CHANNELS):
            taps = self.taps(channel)
            for row in range(SIZE):
                for column in range(SIZE):
                    total = self.biases[channel]
                    for source, y, x, weight in taps:
                        if 0 <= row + y < SIZE and 0 <= column + x < SIZE:
                            total += weight * self.data[source + (row + y) * SIZE + column + x]
                    result.append(max(total, 0.0))
        return result

    def taps(self, channel):
        weights = iter(self.channel_weights(channel))
        return [(source * SIZE * SIZE, y - 1, x - 1, next(weights))
                for source in range(IN_CHANNELS) for y in range(KERNEL) for x in range(KERNEL)]

    def write(self, folder):
        """model.onnx, in.npz and expect.npz in the folder; gives their paths."""
        (folder / "model.onnx").write_bytes(self.model)
        write_npz(folder / "in.npz", "data", IN_DIMS, self.data)
        write_npz(folder / "expect.npz", self.output, OUT_DIMS, self.expected())
        return [folder / name for name in ("model.onnx", "in.npz", "expect.npz")]


def several_convs():
    """A model with more to tune than the tests' jobs can try, so that none converges early."""
    net = networks.Builder(1)
    at = net.conv_relu("first", "data", (16, 32), 3, pad=1)
    at = net.conv_relu("second", at, (32, 16), 1)
    at = net.conv_relu("third", at, (16, 48), 3, stride=2, pad=1)
    return net.model("several", "data", [1, 16, 16, 16], at, [1, 48, 8, 8]).encode()


def write_npz(path, name, dims, values):
    inputs.write_npz(path, [(name, onnx.FLOAT, dims, values)])
