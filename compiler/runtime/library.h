// Loading a compiled library and checking that it is one: the only place that calls dlopen on
// compiled models. Everything that a library claims is checked once, here.
#pragma once

#include <string>

#include "compiler/runtime/tenon_model.h"

namespace tenon {

// Counts above these are refused as nonsense.
inline constexpr int32_t kMaxModelTensors = 65536;
inline constexpr int32_t kMaxModelRank = 32;

// "" when `model` is a complete version-1 description, else what is wrong with it.
std::string check_model(const TenonModelV1* model);

// An open library; closing it ends the life of everything that model() points to.
class Library {
 public:
  Library() = default;
  Library(Library&& other) noexcept;
  Library& operator=(Library&& other) noexcept;
  ~Library();

  // Opens `path`, or returns an error text. The loader knows a library by its file, so a file
  // must not be overwritten in place while open: write a new one and rename it.
  static Library open(const std::string& path, std::string* error);

  // The same, throwing UserError with the path.
  static Library load(const std::string& path);

  bool is_open() const { return model_ != nullptr; }
  const TenonModelV1& model() const { return *model_; }

 private:
  void* handle_ = nullptr;
  const TenonModelV1* model_ = nullptr;
};

}  // namespace tenon
