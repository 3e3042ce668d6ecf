#include "worker/device.h"

#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "compiler/support/hash.h"
#include "compiler/support/text.h"

namespace tenon {
namespace {

// Instruction sets under their names in /proc/cpuinfo (x86 "flags", Arm "Features").
constexpr std::array kLabelFlags = {
    "avx2",        "fma",         "f16c",     "avx512f",  "avx512bw", "avx512vl", "avx512_vnni",
    "avx512_bf16", "avx512_fp16", "avx_vnni", "amx_tile", "amx_int8", "amx_bf16", "asimd",
    "asimddp",     "asimdhp",     "sve",      "sve2",     "i8mm",     "bf16",
};

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// The value of the first "NAME : value" line of /proc/cpuinfo, "" when there is none.
std::string cpuinfo(const std::string& name) {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos || trim(std::string_view(line).substr(0, colon)) != name) {
      continue;
    }
    return std::string(trim(std::string_view(line).substr(colon + 1)));
  }
  return "";
}

std::string cpu_model() {
  const std::string model = cpuinfo("model name");
  return model.empty()
             ? str_cat("implementer ", cpuinfo("CPU implementer"), " part ", cpuinfo("CPU part"))
             : model;
}

// {"L1Data": "32K", ...}
nlohmann::json cache_sizes() {
  nlohmann::json sizes = nlohmann::json::object();
  const std::filesystem::path folder = "/sys/devices/system/cpu/cpu0/cache";
  for (int index = 0; index < 8; ++index) {
    const std::filesystem::path entry = folder / ("index" + std::to_string(index));
    const std::string size = first_line(entry / "size");
    if (size.empty()) break;
    sizes[str_cat("L", first_line(entry / "level"), first_line(entry / "type"))] = size;
  }
  return sizes;
}

std::string machine() {
  utsname names;
  return uname(&names) == 0 ? names.machine : "unknown";
}

}  // namespace

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name[0] == '\0' ? "localhost" : name;
}

rpc::Device describe_processor(const std::string& worker_name, uint32_t max_threads) {
  rpc::Device device;
  const std::string identity = str_cat(first_line("/etc/machine-id"), "\n", worker_name);
  device.serial = str_cat("cpu-", sha256_hex(identity).substr(0, 16));
  device.kind = "cpu";
  device.max_threads = max_threads;
  device.class_label = cpu_model();
  // Keys are sorted: one class, one text.
  const nlohmann::json device_class = {
      {"kind", "cpu"},
      {"version", 1},
      {"machine", machine()},
      {"model", cpu_model()},
      {"stepping", str_cat(cpuinfo("cpu family"), "/", cpuinfo("model"), "/", cpuinfo("stepping"))},
      {"microcode", cpuinfo("microcode")},
      {"caches", cache_sizes()}};
  device.device_class = device_class.dump();
  return device;
}

std::vector<std::string> processor_labels() {
  std::vector<std::string> labels = {machine()};
  std::istringstream flags(cpuinfo("flags") + " " + cpuinfo("Features"));
  std::string flag;
  while (flags >> flag) {
    if (std::find(kLabelFlags.begin(), kLabelFlags.end(), flag) != kLabelFlags.end()) {
      labels.push_back(flag);
    }
  }
  return labels;
}

std::string environment_text() {
  utsname names;
  const std::filesystem::path cpus = "/sys/devices/system/cpu";
  const auto known = [](const std::string& text) { return text.empty() ? "unknown" : text; };
  const nlohmann::json environment = {
      {"version", 1},
      {"kernel", uname(&names) == 0 ? names.release : "unknown"},
      {"governor", known(first_line(cpus / "cpu0/cpufreq/scaling_governor"))},
      {"no_turbo", known(first_line(cpus / "intel_pstate/no_turbo"))},
      {"randomize_va_space", known(first_line("/proc/sys/kernel/randomize_va_space"))}};
  return environment.dump();
}

uint32_t load_permille() {
  double load = 0;
  return getloadavg(&load, 1) == 1 ? static_cast<uint32_t>(load * 1000) : 0;
}

uint64_t free_bytes(const std::filesystem::path& directory) {
  struct statvfs state;
  if (statvfs(directory.c_str(), &state) != 0) return 0;
  return uint64_t{state.f_bavail} * state.f_frsize;
}

}  // namespace tenon
