"""A compiled library called from Python by its C interface, compiler/runtime/tenon_model.h."""

import ctypes

import numpy

ALIGNMENT = 64
CPU = 1
DTYPE_CODES = {"i": 0, "u": 1, "f": 2, "b": 6}


class DLTensor(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("device_type", ctypes.c_int32),
                ("device_id", ctypes.c_int32), ("ndim", ctypes.c_int32), ("code", ctypes.c_uint8),
                ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
                ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("strides", ctypes.POINTER(ctypes.c_int64)), ("byte_offset", ctypes.c_uint64)]


class TensorInfo(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("dims", ctypes.POINTER(ctypes.c_int64)),
                ("rank", ctypes.c_int32), ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8),
                ("lanes", ctypes.c_uint16), ("flags", ctypes.c_uint32),
                ("alignment", ctypes.c_uint32)]


class Error(ctypes.Structure):
    _fields_ = [("code", ctypes.c_int32), ("tensor", ctypes.c_int32), ("axis", ctypes.c_int32),
                ("other_tensor", ctypes.c_int32), ("other_axis", ctypes.c_int32),
                ("reserved", ctypes.c_int32), ("expected", ctypes.c_int64),
                ("found", ctypes.c_int64), ("message", ctypes.c_char_p)]


class Context(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_uint32), ("num_workers", ctypes.c_int32),
                ("user", ctypes.c_void_p), ("allocate", ctypes.c_void_p),
                ("release", ctypes.c_void_p), ("parallel_for", ctypes.c_void_p),
                ("arena", ctypes.c_void_p), ("arena_bytes", ctypes.c_int64),
                ("devices", ctypes.c_void_p), ("num_devices", ctypes.c_int64),
                ("clock_ns", ctypes.c_void_p), ("kernel_ns", ctypes.c_void_p), ("error", Error)]


TENSORS = ctypes.POINTER(ctypes.POINTER(DLTensor))
SYMBOLS = ctypes.POINTER(ctypes.c_int64)
CONTEXT = ctypes.POINTER(Context)
ARENA_SIZE = ctypes.CFUNCTYPE(ctypes.c_int64, SYMBOLS, ctypes.c_int32)
BIND = ctypes.CFUNCTYPE(ctypes.c_int32, CONTEXT, TENSORS, SYMBOLS)
OUTPUT_SHAPE = ctypes.CFUNCTYPE(ctypes.c_int32, SYMBOLS, ctypes.c_int32, SYMBOLS)
RUN = ctypes.CFUNCTYPE(ctypes.c_int32, CONTEXT, TENSORS, TENSORS)


class Model(ctypes.Structure):
    _fields_ = [("abi_version", ctypes.c_uint32), ("struct_size", ctypes.c_uint32),
                ("name", ctypes.c_char_p), ("target", ctypes.c_char_p),
                ("producer", ctypes.c_char_p), ("num_inputs", ctypes.c_int32),
                ("num_outputs", ctypes.c_int32), ("num_symbols", ctypes.c_int32),
                ("num_expressions", ctypes.c_int32), ("num_kernels", ctypes.c_int32),
                ("flags", ctypes.c_uint32), ("inputs", ctypes.POINTER(TensorInfo)),
                ("outputs", ctypes.POINTER(TensorInfo)), ("symbols", ctypes.c_void_p),
                ("expressions", ctypes.c_void_p), ("kernels", ctypes.c_void_p),
                ("arena_size", ARENA_SIZE), ("bind", BIND), ("output_shape", OUTPUT_SHAPE),
                ("run", RUN)]


def aligned(shape, dtype):
    """A zeroed array whose data is aligned as the interface asks."""
    size = int(numpy.prod(shape, dtype=numpy.int64)) * numpy.dtype(dtype).itemsize
    raw = numpy.zeros(size + ALIGNMENT, numpy.uint8)
    begin = -raw.ctypes.data % ALIGNMENT
    return raw[begin:begin + size].view(dtype).reshape(shape)


def dl_tensor(array):
    """A DLTensor of an array, which it keeps alive."""
    tensor = DLTensor()
    tensor.data = array.ctypes.data
    tensor.device_type = CPU
    tensor.ndim = array.ndim
    tensor.code = DTYPE_CODES[array.dtype.kind]
    tensor.bits = 8 * array.dtype.itemsize
    tensor.lanes = 1
    tensor.shape = (ctypes.c_int64 * max(array.ndim, 1))(*array.shape)
    tensor.array = array
    return tensor


def pointers(tensors):
    items = [ctypes.pointer(tensor) for tensor in tensors]
    return (ctypes.POINTER(DLTensor) * max(len(items), 1))(*items)


class CompiledModel:
    """One library with inputs and outputs fixed; run() runs it once on the calling thread."""

    def __init__(self, path, feeds):
        entry = ctypes.CDLL(str(path)).tenon_model_v1
        entry.restype = ctypes.POINTER(Model)
        self.model = entry().contents
        infos = self.model.inputs[:self.model.num_inputs]
        self.input_names = [info.name.decode() for info in infos]
        self.context = Context(struct_size=ctypes.sizeof(Context), num_workers=1)
        arrays = []
        for name in self.input_names:
            arrays.append(aligned(feeds[name].shape, feeds[name].dtype))
            arrays[-1][...] = feeds[name]
        self.input_tensors = [dl_tensor(array) for array in arrays]
        self.input_pointers = pointers(self.input_tensors)
        symbols = (ctypes.c_int64 * max(self.model.num_symbols, 1))()
        self.check(self.model.bind(self.context, self.input_pointers, symbols))
        self.arena = aligned([max(self.model.arena_size(symbols, 1), 1)], numpy.uint8)
        self.context.arena = self.arena.ctypes.data
        self.context.arena_bytes = self.arena.size
        self.outputs = [self.output(index, symbols) for index in range(self.model.num_outputs)]
        self.output_tensors = [dl_tensor(array) for array in self.outputs]
        self.output_pointers = pointers(self.output_tensors)

    def output(self, index, symbols):
        info = self.model.outputs[index]
        dims = (ctypes.c_int64 * max(info.rank, 1))()
        self.check(self.model.output_shape(symbols, index, dims))
        kind = {code: kind for kind, code in DTYPE_CODES.items()}[info.code]
        return aligned(list(dims[:info.rank]), numpy.dtype(f"{kind}{info.bits // 8}"))

    def check(self, status):
        if status != 0:
            error = self.context.error
            raise RuntimeError(f"status {status}, tensor {error.tensor}, axis {error.axis}, "
                               f"expected {error.expected}, found {error.found}, {error.message}")

    def run(self):
        self.check(self.model.run(self.context, self.input_pointers, self.output_pointers))
