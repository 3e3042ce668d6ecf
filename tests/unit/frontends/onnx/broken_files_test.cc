// Bytes that are no model, or only a part of one, are refused; nothing crashes.
#include "compiler/support/files.h"
#include "tests/unit/frontends/onnx/model.h"

namespace tenon::onnx {
namespace {

std::string small_model() {
  TestModel m;
  m.symbolic_input("x", {"n", "4", "6", "6"}).output("y");
  m.floats("w", {2, 4, 3, 3}, std::vector<float>(72, 0.5F)).floats("b", {2}, {1, 2});
  m.node("Conv", {"x", "w", "b"}, {"c"}).attribute("pads", Dims{1, 1, 1, 1});
  m.integers("shape", {2}, {0, -1});
  m.node("Reshape", {"c", "shape"}, {"r"}).node("Softmax", {"r"}, {"y"});
  return m.model.SerializeAsString();
}

// Whether the bytes are imported; refusals are UserErrors, anything else fails the test.
bool imports(const std::string& bytes) {
  try {
    import_bytes(bytes, "test", "");
    return true;
  } catch (const UserError&) {
    return false;
  }
}

TEST(BrokenFiles, TheWholeModelIsImported) { EXPECT_TRUE(imports(small_model())); }

TEST(BrokenFiles, EveryPrefixIsRefused) {
  const std::string bytes = small_model();
  // Behind the graph comes the opset, without which no operator is known.
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(imports(bytes.substr(0, size))) << "a prefix of " << size << " bytes";
  }
}

TEST(BrokenFiles, NoChangedByteCrashes) {
  const std::string bytes = small_model();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ change);
      imports(changed);
    }
  }
}

TEST(BrokenFiles, GarbageIsRefused) {
  EXPECT_FALSE(imports(std::string(1000, '\xff')));
  EXPECT_FALSE(imports(std::string(1000, '\0')));
  EXPECT_FALSE(imports("#!/usr/bin/env python3\nprint('no model')\n"));
}

TEST(BrokenFiles, TheMessageSaysWhatTheFileIs) {
  const TempDir temp;
  const std::string path = (temp.path() / "model.onnx").string();
  write_file_atomically(path, "no model at all");
  try {
    import_file(path);
    FAIL() << "imported";
  } catch (const UserError& error) {
    EXPECT_EQ(std::string(error.what()),
              "\"" + path +
                  "\" is no ONNX model, or a truncated one: its 15 bytes do not parse as "
                  "a ModelProto");
  }
  EXPECT_THROW(import_file((temp.path() / "none.onnx").string()), IoError);
}

TEST(BrokenFiles, DeepNestingIsRefused) {
  onnx_file::Model model;
  model.set_ir_version(8);
  onnx_file::Graph* graph = model.mutable_graph();
  for (int depth = 0; depth < 500; ++depth) {
    graph = graph->add_node()->add_attribute()->mutable_g();
  }
  EXPECT_FALSE(imports(model.SerializeAsString()));
}

TEST(BrokenFiles, TensorFilesAreChecked) {
  const TempDir temp;
  const std::string path = (temp.path() / "input_0.pb").string();
  onnx_file::Tensor tensor;
  tensor.set_data_type(kFloatTensor);
  tensor.add_dims(2);
  tensor.add_float_data(1);
  tensor.add_float_data(2);
  const std::string bytes = tensor.SerializeAsString();
  write_file_atomically(path, bytes);
  EXPECT_EQ(import_tensor(path)->as<float>()[1], 2);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    write_file_atomically(path, bytes.substr(0, size));
    EXPECT_THROW(import_tensor(path), UserError) << "a prefix of " << size << " bytes";
  }
}

}  // namespace
}  // namespace tenon::onnx
