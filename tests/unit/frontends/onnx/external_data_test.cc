// External data stays inside the model's folder and has the bytes that the shape needs.
#include <fstream>

#include <gmock/gmock.h>

#include "compiler/support/files.h"
#include "tests/unit/frontends/onnx/model.h"

namespace tenon::onnx {
namespace {

using testing::HasSubstr;

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string bytes_of(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

class ExternalData : public testing::Test {
 protected:
  // x + w with the two floats of w at `location`.
  TestModel model(const std::string& location, const std::string& offset = "",
                  const std::string& length = "") const {
    TestModel m;
    m.input("x", {2}).output("y").node("Add", {"x", "w"}, {"y"});
    auto* tensor = m.graph().add_initializer();
    tensor->set_name("w");
    tensor->set_data_type(kFloatTensor);
    tensor->add_dims(2);
    tensor->set_data_location(1);
    const auto add = [&](const char* key, const std::string& value) {
      if (value.empty()) return;
      auto* entry = tensor->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    };
    add("location", location);
    add("offset", offset);
    add("length", length);
    return m;
  }

  std::string folder() const { return (temp_.path() / "model").string(); }
  std::filesystem::path at(const std::string& name) const { return temp_.path() / name; }

  void SetUp() override {
    write(at("model/w.bin"), bytes_of({9, 10, 20}));
    write(at("secret.bin"), bytes_of({1, 2}));
  }

  TempDir temp_;
};

TEST_F(ExternalData, IsReadAtItsOffset) {
  const relax::Module module = model("w.bin", "4", "8").import(folder());
  expect_numbers(run(module, {{1, 2}}), {2}, {11, 22});
}

TEST_F(ExternalData, InASubfolderIsRead) {
  write(at("model/data/w.bin"), bytes_of({3, 4}));
  expect_numbers(run(model("data/w.bin").import(folder()), {{1, 1}}), {2}, {4, 5});
}

TEST_F(ExternalData, ParentFoldersAreRefused) {
  EXPECT_EQ(model("../secret.bin").refusal(folder()),
            "tensor \"w\": external data \"../secret.bin\" is outside the model's folder; it must "
            "be inside");
  EXPECT_THAT(model("data/../../secret.bin").refusal(folder()), HasSubstr("outside the model's"));
}

TEST_F(ExternalData, AbsolutePathsAreRefused) {
  EXPECT_THAT(model(at("secret.bin").string()).refusal(folder()), HasSubstr("outside the model's"));
  EXPECT_THAT(model(at("model/w.bin").string()).refusal(folder()),
              HasSubstr("outside the model's"));
}

TEST_F(ExternalData, LinksThatLeadOutsideAreRefused) {
  std::filesystem::create_symlink("../secret.bin", at("model/link.bin"));
  std::filesystem::create_symlink("..", at("model/up"));
  EXPECT_THAT(model("link.bin").refusal(folder()), HasSubstr("outside the model's"));
  EXPECT_THAT(model("up/secret.bin").refusal(folder()), HasSubstr("outside the model's"));
}

TEST_F(ExternalData, ZeroBytesInALocationAreRefused) {
  EXPECT_EQ(model(std::string("w.bin\0x", 7)).refusal(folder()),
            "tensor \"w\": external data has no location, or one with a zero byte");
  EXPECT_THAT(model("").refusal(folder()), HasSubstr("has no location"));
}

TEST_F(ExternalData, MissingFilesAndFoldersAreRefused) {
  std::filesystem::create_directories(at("model/folder"));
  EXPECT_EQ(model("no.bin").refusal(folder()),
            "tensor \"w\": external data file \"no.bin\" is missing, or no regular file");
  EXPECT_THAT(model("folder").refusal(folder()), HasSubstr("no regular file"));
}

TEST_F(ExternalData, MustHoldAllBytes) {
  EXPECT_EQ(model("w.bin", "8").refusal(folder()),
            "tensor \"w\": external data file \"w.bin\" has 12 bytes; offset 8 and 8 bytes need "
            "more");
  EXPECT_THAT(model("w.bin", "18446744073709551615").refusal(folder()), HasSubstr("has 12 bytes"));
  EXPECT_THAT(model("w.bin", "9223372036854775808").refusal(folder()), HasSubstr("has 12 bytes"));
}

TEST_F(ExternalData, LengthAndOffsetMustMakeSense) {
  EXPECT_EQ(model("w.bin", "0", "12").refusal(folder()),
            "tensor \"w\": external data has 12 bytes, its shape needs 8");
  EXPECT_EQ(model("w.bin", "-4").refusal(folder()),
            "tensor \"w\": external data has offset \"-4\"; a number is needed");
  EXPECT_EQ(model("w.bin", "0", "8x").refusal(folder()),
            "tensor \"w\": external data has length \"8x\"; a number is needed");
}

TEST_F(ExternalData, AHugeShapeIsNotAllocated) {
  TestModel m = model("w.bin");
  m.graph().mutable_initializer(0)->set_dims(0, std::int64_t{1} << 40);
  EXPECT_THAT(m.refusal(folder()), HasSubstr("has 12 bytes; offset 0 and 4398046511104 bytes"));
}

}  // namespace
}  // namespace tenon::onnx
