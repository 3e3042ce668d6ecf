#include "compiler/runtime/tenon_runtime.h"

#include <cstring>
#include <memory>
#include <string>

#include "compiler/runtime/library.h"
#include "compiler/runtime/model_error.h"
#include "compiler/runtime/model_session.h"

struct TenonLibrary {
  tenon::Library library;
};

struct TenonSession {
  std::unique_ptr<tenon::ThreadTeam> team;
  std::unique_ptr<tenon::ModelSession> session;
};

namespace {

void copy_text(const std::string& text, char* to, size_t to_bytes) {
  if (to == nullptr || to_bytes == 0) return;
  const size_t size = text.size() < to_bytes ? text.size() : to_bytes - 1;
  std::memcpy(to, text.data(), size);
  to[size] = '\0';
}

}  // namespace

TenonLibrary* tenon_load(const char* path, char* error, size_t error_bytes) {
  std::string text;
  tenon::Library library = tenon::Library::open(path, &text);
  if (!library.is_open()) {
    copy_text(text, error, error_bytes);
    return nullptr;
  }
  return new TenonLibrary{std::move(library)};
}

void tenon_unload(TenonLibrary* library) { delete library; }

const TenonModelV1* tenon_describe(const TenonLibrary* library) {
  return &library->library.model();
}

TenonSession* tenon_session_open(const TenonLibrary* library, int32_t num_threads, char* error,
                                 size_t error_bytes) {
  auto session = std::make_unique<TenonSession>();
  if (num_threads > 1) {
    session->team = std::make_unique<tenon::ThreadTeam>(num_threads, std::vector<int>{});
    if (const int status = session->team->start(); status != 0) {
      copy_text(std::string("cannot start threads: ") + std::strerror(status), error, error_bytes);
      return nullptr;
    }
  }
  session->session = std::make_unique<tenon::ModelSession>(library->library, session->team.get());
  return session.release();
}

void tenon_session_close(TenonSession* session) { delete session; }

int32_t tenon_output_shape(TenonSession* session, const DLTensor* const* inputs,
                           int32_t output_index, int64_t* dims) {
  std::vector<int64_t> symbols;
  const int32_t status = session->session->bind(inputs, &symbols);
  if (status != TENON_OK) return status;
  std::vector<int64_t> shape;
  const int32_t shape_status = session->session->output_shape(symbols, output_index, &shape);
  if (shape_status == TENON_OK && !shape.empty()) {
    std::memcpy(dims, shape.data(), shape.size() * sizeof(int64_t));
  }
  return shape_status;
}

int32_t tenon_run(TenonSession* session, const DLTensor* const* inputs, DLTensor* const* outputs) {
  return session->session->run(inputs, outputs);
}

void tenon_error_text(const TenonSession* session, char* text, size_t text_bytes) {
  copy_text(session->session->error_text(), text, text_bytes);
}

void tenon_format_error(const TenonModelV1* model, const TenonErrorV1* error, char* text,
                        size_t text_bytes) {
  copy_text(tenon::format_model_error(*model, *error), text, text_bytes);
}

void tenon_profile_start(TenonSession* session) { session->session->enable_profile(); }

const int64_t* tenon_profile_kernel_ns(const TenonSession* session) {
  return session->session->kernel_ns().data();
}
