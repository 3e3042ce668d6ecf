#include "compiler/codegen/llvm/link.h"

#include <lld/Common/Driver.h>
#include <llvm/Support/raw_ostream.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>

#include "compiler/support/error.h"
#include "compiler/support/text.h"

LLD_HAS_DRIVER(elf)

namespace tenon::codegen {
namespace {

// A directory of our own, in memory where possible, removed with its files at the end.
class PrivateFolder {
 public:
  PrivateFolder() {
    const char* temporary = std::getenv("TMPDIR");
    std::string pattern = access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                          : temporary != nullptr        ? temporary
                                                        : "/tmp";
    pattern += "/tenon-link-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw_io_error("cannot make " + pattern, errno);
    path_ = pattern;
  }
  ~PrivateFolder() {
    for (const std::string& file : files_) std::remove(file.c_str());
    rmdir(path_.c_str());
  }
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  // The path of a file in the folder, to be removed with it.
  std::string file(const std::string& name) {
    files_.push_back(path_ + "/" + name);
    return files_.back();
  }

 private:
  std::string path_;
  std::vector<std::string> files_;
};

void write_parts(const std::string& path, const ObjectParts& parts) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) throw_io_error("cannot write " + path, errno);
  bool ok = true;
  for (const std::string_view part : parts) {
    ok = ok && std::fwrite(part.data(), 1, part.size(), file) == part.size();
  }
  ok = std::fclose(file) == 0 && ok;
  if (!ok) throw_io_error("cannot write " + path, errno);
}

std::string read_all(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw_io_error("cannot read " + path, errno);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return std::move(bytes).str();
}

void run_linker(const std::vector<std::string>& inputs, const Target& target,
                const std::string& output_path) {
  const bool is_x86 = target.architecture == Architecture::kX86_64;
  std::vector<const char*> args = {"ld.lld",
                                   "-m",
                                   is_x86 ? "elf_x86_64" : "aarch64linux",
                                   "-shared",
                                   "-nostdlib",
                                   "--no-undefined",
                                   "-z",
                                   "now",
                                   "-z",
                                   "relro",
                                   "--build-id=none",
                                   "-s",
                                   "--threads=1",
                                   "--hash-style=gnu",
                                   "-o",
                                   output_path.c_str()};
  for (const std::string& input : inputs) args.push_back(input.c_str());
  static std::mutex mutex;  // LLD keeps its state in globals
  const std::lock_guard<std::mutex> lock(mutex);
  std::string text;
  llvm::raw_string_ostream stream(text);
  const lld::Result result =
      lld::lldMain(args, llvm::nulls(), stream, {{lld::Gnu, &lld::elf::link}});
  CHECK(result.retCode == 0) << "the linker refuses: " << text;
}

}  // namespace

void link_shared(const std::vector<ObjectParts>& objects, const Target& target,
                 const std::string& output_path) {
  PrivateFolder folder;
  std::vector<std::string> inputs;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    inputs.push_back(folder.file(str_cat(i, ".o")));
    write_parts(inputs.back(), objects[i]);
  }
  run_linker(inputs, target, output_path);
}

std::string link_shared(const std::vector<ObjectParts>& objects, const Target& target) {
  PrivateFolder folder;
  const std::string output = folder.file("library.so");
  link_shared(objects, target, output);
  return read_all(output);
}

}  // namespace tenon::codegen
