"""The networks that make_models writes from nothing, with seeded weights."""

import array
import math

from models import onnx, seeded


class Builder:
    """Collects nodes and weights of a network in which each layer follows the one before."""

    def __init__(self, seed):
        self.seed = seed
        self.nodes = []
        self.weights = []

    def add(self, op, inputs, output, **attributes):
        self.nodes.append(onnx.node(op, inputs, output, **attributes))
        return output

    def weight(self, name, dims, values):
        self.weights.append(onnx.tensor(name, dims, onnx.FLOAT, values))
        return name

    def conv_relu(self, name, source, channels, kernel, stride=1, pad=0,
                  bias_range=(-0.1, 0.1)):
        """channels = (in, out)."""
        dims = [channels[1], channels[0], kernel, kernel]
        fan_in = math.prod(dims[1:])
        weight_name, bias_name = name + "_w", name + "_b"
        values = seeded.filters(self.seed, weight_name, math.prod(dims), fan_in)
        self.weight(weight_name, dims, values)
        biases = seeded.uniform(self.seed, bias_name, channels[1], *bias_range)
        self.weight(bias_name, [channels[1]], biases)
        self.add("Conv", [source, weight_name, bias_name], name, kernel_shape=[kernel, kernel],
                 strides=[stride, stride], pads=[pad] * 4)
        return self.add("Relu", [name], name + "_relu")

    def max_pool(self, name, source):
        return self.add("MaxPool", [source], name, kernel_shape=[3, 3], strides=[2, 2])

    def fire(self, name, source, channels):
        """SqueezeNet's module; channels = (in, squeezed, each of the two expansions)."""
        inner = self.conv_relu(name + "/squeeze1x1", source, channels[:2], 1)
        small = self.conv_relu(name + "/expand1x1", inner, channels[1:], 1)
        large = self.conv_relu(name + "/expand3x3", inner, channels[1:], 3, pad=1)
        return self.add("Concat", [small, large], name + "/concat", axis=1)

    def model(self, name, source, source_dims, result, result_dims):
        return onnx.model(name, self.nodes, [onnx.value_info(source, source_dims)],
                          [onnx.value_info(result, result_dims)], self.weights)


def squeezenet(seed):
    """The shape of SqueezeNet 1.1: Iandola et al., 2016; 1.24 million weights."""
    net = Builder(seed)
    at = net.conv_relu("conv1", "data", (3, 64), 3, stride=2)
    at = net.max_pool("pool1", at)
    at = net.fire("fire2", at, (64, 16, 64))
    at = net.fire("fire3", at, (128, 16, 64))
    at = net.max_pool("pool3", at)
    at = net.fire("fire4", at, (128, 32, 128))
    at = net.fire("fire5", at, (256, 32, 128))
    at = net.max_pool("pool5", at)
    at = net.fire("fire6", at, (256, 48, 192))
    at = net.fire("fire7", at, (384, 48, 192))
    at = net.fire("fire8", at, (384, 64, 256))
    at = net.fire("fire9", at, (512, 64, 256))
    at = net.add("Dropout", [at], "drop9")
    at = net.conv_relu("conv10", at, (512, 1000), 1, bias_range=seeded.LAST_BIAS)
    at = net.add("GlobalAveragePool", [at], "pool10")
    at = net.add("Softmax", [at], "prob", axis=1)
    return net.model("squeezenet", "data", [1, 3, 224, 224], at, [1, 1000, 1, 1])


def conv_relu(seed):
    """One convolution and its ReLU: the smallest network that exercises everything."""
    net = Builder(seed)
    at = net.conv_relu("conv", "data", (16, 32), 3, pad=1)
    return net.model("conv_relu", "data", [1, 16, 28, 28], at, [1, 32, 28, 28])


def underflow(seed):
    """A convolution whose weights and scale fit float32 each, but not as one product: a compiler
    that folds the scale into the weights loses the result."""
    net = Builder(seed)
    large = net.weight("large", [1], array.array("f", [1e30]))
    weight = net.weight("w", [4, 4, 1, 1], array.array("f", [1e-20] * 16))
    small = net.weight("small", [1], array.array("f", [1e-30]))
    at = net.add("Mul", ["data", large], "grown")
    at = net.add("Conv", [at, weight], "conv", kernel_shape=[1, 1])
    at = net.add("Mul", [at, small], "result")
    return net.model("underflow", "data", [1, 4, 4, 4], at, [1, 4, 4, 4])


NETWORKS = {"conv_relu": conv_relu, "squeezenet": squeezenet, "underflow": underflow}
