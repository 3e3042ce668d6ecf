// Targets from text and JSON, and back to canonical text.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/target/cpus.h"
#include "compiler/target/target.h"

namespace tenon {
namespace {

// What a user may say, before it is checked. Absent members keep the processor's facts.
struct Request {
  std::string kind = "llvm";
  std::string mcpu;
  std::string triple;
  std::vector<std::string> attributes;  // "+avx2", "-fma"
  std::optional<std::int64_t> num_cores, l1d_bytes, l2_bytes, l3_bytes;
};

const std::vector<std::string>& option_names() {
  static const std::vector<std::string> names = {"keys",  "l1d",  "l2",      "l3",
                                                 "mattr", "mcpu", "mtriple", "num-cores"};
  return names;
}

std::int64_t positive_number(std::string_view option, const std::string& text) {
  const std::optional<std::int64_t> value = parse_int(text);
  if (!value || *value <= 0) {
    throw UserError(str_cat("target: -", option, "=", text, " needs a positive whole number"));
  }
  return *value;
}

void set_option(Request& request, const std::string& name, const std::string& value) {
  if (name == "mcpu") {
    request.mcpu = value;
  } else if (name == "mtriple") {
    request.triple = value;
  } else if (name == "mattr") {
    for (const std::string& part : split(value, ',')) {
      if (!trim(part).empty()) request.attributes.emplace_back(trim(part));
    }
  } else if (name == "num-cores") {
    request.num_cores = positive_number(name, value);
  } else if (name == "l1d") {
    request.l1d_bytes = positive_number(name, value);
  } else if (name == "l2") {
    request.l2_bytes = positive_number(name, value);
  } else if (name == "l3") {
    request.l3_bytes = positive_number(name, value);
  } else if (name != "keys") {  // TVM's search keys; they follow from the kind
    throw UserError(str_cat("target: unknown option -", name), did_you_mean(name, option_names()));
  }
}

Request parse_words(std::string_view text) {
  Request request;
  std::vector<std::string> parts;
  for (const std::string& part : split(text, ' ')) {
    if (!part.empty()) parts.push_back(part);
  }
  request.kind = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    std::string word = parts[i];
    if (word[0] != '-') {
      throw UserError(str_cat("target: \"", word, "\" is not an option; options start with -"));
    }
    word.erase(0, word.starts_with("--") ? 2 : 1);
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) {
      set_option(request, word.substr(0, equals), word.substr(equals + 1));
    } else if (i + 1 < parts.size()) {
      set_option(request, word, parts[++i]);
    } else {
      throw UserError(str_cat("target: option -", word, " needs a value"));
    }
  }
  return request;
}

std::string json_scalar(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

Request parse_json(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) throw UserError(str_cat("target: not a JSON object: ", text));
  Request request;
  for (const auto& [name, value] : json.items()) {
    if (name == "kind") {
      request.kind = json_scalar(value);
    } else if (name == "tag" || name == "keys" || name == "host") {
      continue;  // do not change code for a processor
    } else if (value.is_array()) {
      for (const nlohmann::json& item : value) set_option(request, name, json_scalar(item));
    } else {
      set_option(request, name, json_scalar(value));
    }
  }
  return request;
}

std::vector<std::string> names_of_cpus() {
  std::vector<std::string> names;
  for (const CpuInfo& cpu : known_cpus()) names.emplace_back(cpu.name);
  return names;
}

void apply_attribute(Target& target, const std::string& attribute) {
  if (attribute[0] != '+' && attribute[0] != '-') {
    throw UserError(str_cat("target: feature \"", attribute, "\" needs a + or - in front"));
  }
  const std::string name = attribute.substr(1);
  std::vector<std::string> known;
  for (const FeatureInfo& info : known_features(target.architecture)) known.emplace_back(info.name);
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw UserError(str_cat("target: unknown feature \"", name, "\" for ", target.triple()),
                    did_you_mean(name, known));
  }
  if (attribute[0] == '+') {
    std::vector<std::string> features = target.features;
    features.push_back(name);
    target.features = close_features(target.architecture, features);
  } else {
    target.features = remove_feature(target.architecture, target.features, name);
  }
}

Architecture architecture_of(const std::string& triple) {
  if (triple.starts_with("x86_64")) return Architecture::kX86_64;
  if (triple.starts_with("aarch64") || triple.starts_with("arm64")) return Architecture::kAArch64;
  throw UserError(str_cat("target: unknown architecture in -mtriple=", triple,
                          "; known: x86_64-..., aarch64-..."));
}

std::vector<std::string> features_of(const CpuInfo& cpu) {
  std::vector<std::string> features;
  for (std::string& name : split(cpu.features, ' ')) {
    if (!name.empty()) features.push_back(std::move(name));
  }
  return close_features(cpu.architecture, features);
}

Target from_cpu(const Request& request) {
  std::string name = request.mcpu;
  if (name.empty()) {
    const bool arm =
        !request.triple.empty() && architecture_of(request.triple) == Architecture::kAArch64;
    name = arm ? "generic" : "x86-64";
  }
  const CpuInfo* cpu = find_cpu(name);
  if (cpu == nullptr) {
    throw UserError(str_cat("target: unknown processor \"", name, "\""),
                    did_you_mean(name, names_of_cpus()));
  }
  if (!request.triple.empty() && architecture_of(request.triple) != cpu->architecture) {
    throw UserError(str_cat("target: processor ", name, " does not fit -mtriple=", request.triple));
  }
  Target target;
  target.architecture = cpu->architecture;
  target.mcpu = name;
  target.features = features_of(*cpu);
  target.caches = cpu->caches;
  return target;
}

}  // namespace

Target parse_target(std::string_view text) {
  text = trim(text);
  if (text.empty()) throw UserError("target: empty; write native or llvm -mcpu=NAME");
  if (text == "native") return detect_target();
  const Request request = text[0] == '{' ? parse_json(text) : parse_words(text);
  if (request.kind != "llvm") {
    throw UserError(str_cat("target: unknown kind \"", request.kind, "\""),
                    did_you_mean(request.kind, {"llvm", "native"}));
  }
  Target target = request.mcpu == "native" ? detect_target() : from_cpu(request);
  for (const std::string& attribute : request.attributes) apply_attribute(target, attribute);
  if (request.num_cores) target.num_cores = static_cast<int>(*request.num_cores);
  if (request.l1d_bytes) target.caches.l1d_bytes = *request.l1d_bytes;
  if (request.l2_bytes) target.caches.l2_bytes = *request.l2_bytes;
  if (request.l3_bytes) target.caches.l3_bytes = *request.l3_bytes;
  return target;
}

std::string feature_key(const Target& target) {
  const CpuInfo* cpu = find_cpu(target.mcpu);
  CHECK(cpu != nullptr) << "target with unknown processor " << target.mcpu;
  const std::vector<std::string> implied = features_of(*cpu);
  std::vector<std::string> attributes;
  for (const FeatureInfo& info : known_features(target.architecture)) {
    const std::string name(info.name);
    const bool is_implied = std::find(implied.begin(), implied.end(), name) != implied.end();
    if (target.has(name) != is_implied) attributes.push_back((target.has(name) ? "+" : "-") + name);
  }
  // A removed feature takes with it what implies it, so additions come last.
  std::stable_partition(attributes.begin(), attributes.end(),
                        [](const std::string& a) { return a[0] == '-'; });
  std::string text = str_cat(target.kind, " -mtriple=", target.triple(), " -mcpu=", target.mcpu);
  if (!attributes.empty()) text += " -mattr=" + join(attributes, ",");
  return text;
}

std::string to_string(const Target& target) {
  std::string text = feature_key(target);
  text += str_cat(" -num-cores=", target.num_cores);
  const CpuInfo* cpu = find_cpu(target.mcpu);
  const CacheSizes& known = cpu->caches;
  if (target.caches.l1d_bytes != known.l1d_bytes)
    text += str_cat(" -l1d=", target.caches.l1d_bytes);
  if (target.caches.l2_bytes != known.l2_bytes) text += str_cat(" -l2=", target.caches.l2_bytes);
  if (target.caches.l3_bytes != known.l3_bytes) text += str_cat(" -l3=", target.caches.l3_bytes);
  return text;
}

}  // namespace tenon
