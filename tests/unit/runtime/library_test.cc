#include "compiler/runtime/library.h"

#include <gtest/gtest.h>

#include <cstring>

#include "compiler/runtime/model_error.h"
#include "compiler/runtime/model_session.h"
#include "compiler/runtime/tenon_runtime.h"
#include "compiler/support/error.h"
#include "compiler/support/files.h"

namespace tenon {
namespace {

std::string library_path(const std::string& name) {
  return std::string(TENON_BINARY_DIR) + "/tests/libraries/" + name + ".so";
}

std::string load_error(const std::string& path) {
  std::string error;
  const Library library = Library::open(path, &error);
  EXPECT_FALSE(library.is_open());
  return error;
}

std::vector<NdArray> rows(int64_t n, int64_t other_n) {
  std::vector<NdArray> inputs;
  inputs.push_back(NdArray::zeros(kDlFloat32, {n, 4}));
  inputs.push_back(NdArray::zeros(kDlFloat32, {other_n, 4}));
  for (size_t i = 0; i < inputs[0].as<float>().size(); ++i) {
    inputs[0].as<float>()[i] = static_cast<float>(i);
  }
  for (float& value : inputs[1].as<float>()) value = 100;
  return inputs;
}

std::string run_error(const std::vector<NdArray>& inputs) {
  const Library library = Library::load(library_path("scale_add"));
  ModelSession session(library, nullptr);
  try {
    session.make_outputs(inputs);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(Library, describes_the_model) {
  const Library library = Library::load(library_path("scale_add"));
  EXPECT_STREQ(library.model().name, "scale_add");
  EXPECT_EQ(format_descriptor(library.model(), library.model().inputs[0]), "float32[n, 4]");
}

TEST(Library, what_is_no_library_is_refused_with_the_reason) {
  EXPECT_THROW(Library::load("/nonexistent/x.so"), UserError);
  EXPECT_NE(load_error(library_path("no_symbol")).find("exports no tenon_model_v1"),
            std::string::npos);
  EXPECT_NE(
      load_error(library_path("newer_abi")).find("its ABI version is 2, this runtime knows 1"),
      std::string::npos);
  const TempDir dir;
  const std::string text = (dir.path() / "text.so").string();
  write_file_atomically(text, "not ELF");
  EXPECT_NE(load_error(text).find("cannot load"), std::string::npos);
}

TEST(Library, library_that_was_cut_short_is_refused_at_every_length) {
  const std::string whole = read_file(library_path("scale_add"));
  const TempDir dir;
  // The end of the file holds section headers, which nobody needs for running.
  for (size_t size = 0; size < whole.size() / 2; size += 501) {
    const std::string path = (dir.path() / std::to_string(size)).string();
    write_file_atomically(path, whole.substr(0, size));
    EXPECT_NE(load_error(path).find("cannot load"), std::string::npos) << size;
  }
}

TEST(Library, damaged_description_is_refused) {
  const Library library = Library::load(library_path("scale_add"));
  TenonModelV1 model = library.model();
  EXPECT_EQ(check_model(&model), "");
  model.struct_size = 8;
  EXPECT_NE(check_model(&model), "");
  model = library.model();
  model.run = nullptr;
  EXPECT_NE(check_model(&model), "");
  model = library.model();
  model.num_symbols = 0;
  EXPECT_EQ(check_model(&model), "dimension 0 of 'x' refers to symbol or expression 0 of 0");
}

TEST(ModelSession, one_library_runs_every_size_with_one_and_more_threads) {
  const Library library = Library::load(library_path("scale_add"));
  const auto team = make_thread_team(2);
  for (ThreadTeam* threads : {static_cast<ThreadTeam*>(nullptr), team.get()}) {
    ModelSession session(library, threads);
    for (const int64_t n : {1, 7, 64, 3}) {
      const std::vector<NdArray> inputs = rows(n, n);
      std::vector<NdArray> outputs = session.make_outputs(inputs);
      ASSERT_EQ(outputs[0].shape(), (std::vector<int64_t>{n, 4}));
      session.run(inputs, outputs);
      for (size_t i = 0; i < outputs[0].as<float>().size(); ++i) {
        ASSERT_EQ(outputs[0].as<float>()[i], 2 * static_cast<float>(i) + 100);
      }
    }
  }
}

TEST(ModelSession, errors_name_tensor_axis_and_both_sizes) {
  EXPECT_EQ(run_error(rows(3, 2)),
            "input 'y', dimension 0: size 2, but input 'x', dimension 0 makes it 3");
  EXPECT_EQ(run_error(rows(65, 65)),
            "input 'x', dimension 0: size 65, but n must be at least 1 and at most 64");
  std::vector<NdArray> inputs = rows(2, 2);
  inputs[1] = NdArray::zeros(kDlInt8, {2, 4});
  EXPECT_EQ(run_error(inputs), "input 'y': type int8, expected float32");
  inputs[1] = NdArray::zeros(kDlFloat32, {2, 5});
  EXPECT_EQ(run_error(inputs), "input 'y', dimension 1: size 5, expected 4");
  inputs[1] = NdArray::zeros(kDlFloat32, {2});
  EXPECT_EQ(run_error(inputs), "input 'y': rank 1, expected 2");
  inputs.pop_back();
  EXPECT_EQ(run_error(inputs), "the model has 2 inputs, given are 1");
}

TEST(ModelSession, unaligned_tensors_are_copied) {
  const Library library = Library::load(library_path("scale_add"));
  ModelSession session(library, nullptr);
  NdArray memory = NdArray::zeros(kDlFloat32, {64});
  memory.as<float>()[1] = 5;
  int64_t shape[2] = {1, 4};
  DLTensor x{memory.data() + 4, {kDLCPU, 0}, 2, kDlFloat32, shape, nullptr, 0};
  DLTensor y{memory.data(), {kDLCPU, 0}, 2, kDlFloat32, shape, nullptr, 20};
  DLTensor z{memory.data() + 132, {kDLCPU, 0}, 2, kDlFloat32, shape, nullptr, 0};
  const DLTensor* inputs[2] = {&x, &y};
  DLTensor* outputs[1] = {&z};
  ASSERT_EQ(session.run(inputs, outputs), TENON_OK) << session.error_text();
  EXPECT_EQ(memory.as<float>()[33], 10);
}

TEST(ModelSession, profile_counts_kernel_time) {
  const Library library = Library::load(library_path("scale_add"));
  ModelSession session(library, nullptr);
  session.enable_profile();
  const std::vector<NdArray> inputs = rows(64, 64);
  std::vector<NdArray> outputs = session.make_outputs(inputs);
  for (int i = 0; i < 10; ++i) session.run(inputs, outputs);
  ASSERT_EQ(session.kernel_ns().size(), 1u);
  EXPECT_GT(session.kernel_ns()[0], 0);
}

TEST(RuntimeC, loads_runs_and_reports) {
  char text[256] = "";
  EXPECT_EQ(tenon_load("/nonexistent/x.so", text, sizeof text), nullptr);
  EXPECT_NE(std::strlen(text), 0u);
  TenonLibrary* library = tenon_load(library_path("scale_add").c_str(), text, sizeof text);
  ASSERT_NE(library, nullptr) << text;
  TenonSession* session = tenon_session_open(library, 2, text, sizeof text);
  ASSERT_NE(session, nullptr) << text;
  std::vector<NdArray> arrays = rows(2, 2);
  NdArray output = NdArray::zeros(kDlFloat32, {2, 4});
  const DLTensor* inputs[2] = {arrays[0].view(), arrays[1].view()};
  DLTensor* outputs[1] = {output.view()};
  int64_t dims[2] = {0, 0};
  EXPECT_EQ(tenon_output_shape(session, inputs, 0, dims), TENON_OK);
  EXPECT_EQ(dims[0], 2);
  EXPECT_EQ(tenon_run(session, inputs, outputs), TENON_OK);
  EXPECT_EQ(output.as<float>()[7], 114);
  arrays[1] = NdArray::zeros(kDlFloat32, {3, 4});
  inputs[1] = arrays[1].view();
  EXPECT_EQ(tenon_run(session, inputs, outputs), TENON_ERROR_SHAPE);
  char small[8] = "";
  tenon_error_text(session, small, sizeof small);
  EXPECT_STREQ(small, "input '");
  tenon_session_close(session);
  tenon_unload(library);
}

}  // namespace
}  // namespace tenon
