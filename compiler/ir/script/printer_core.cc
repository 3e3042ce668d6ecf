#include "compiler/ir/script/printer_core.h"

#include <cctype>
#include <cmath>
#include <cstdio>

#include "compiler/support/error.h"
#include "compiler/support/text.h"

namespace tenon::script {
namespace {

const std::set<std::string, std::less<>> kKeywords = {
    "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
    "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
    "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
    "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"};

}  // namespace

std::string at_level(const ExprText& e, Level needed) {
  return e.level < needed ? "(" + e.text + ")" : e.text;
}

ExprText infix(const ExprText& left, std::string_view op, const ExprText& right, Level level) {
  const Level tighter = static_cast<Level>(static_cast<int>(level) + 1);
  const Level left_level = level == Level::kCompare ? tighter : level;
  return {str_cat(at_level(left, left_level), " ", op, " ", at_level(right, tighter)), level};
}

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  if (value == std::trunc(value)) return format_fixed(value, 1);
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.17g", value);
  return buffer;
}

std::string tuple_text(const std::vector<std::string>& items) {
  if (items.size() == 1) return "(" + items[0] + ",)";
  return "(" + join(items, ", ") + ")";
}

void NameTable::pop() {
  CHECK(!scopes_.empty()) << "a scope of names was closed twice";
  for (const std::string& name : scopes_.back().names) used_.erase(name);
  for (const void* key : scopes_.back().keys) {
    auto it = texts_.find(key);
    it->second.pop_back();
    if (it->second.empty()) texts_.erase(it);
  }
  scopes_.pop_back();
}

std::string NameTable::define(const void* key, std::string_view hint) {
  std::string base(one_hint_.empty() ? hint : one_hint_);
  for (char& c : base) {
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  }
  if (base.empty()) base = "v";
  if (std::isdigit(static_cast<unsigned char>(base[0]))) base = "v" + base;
  std::string name = base;
  for (int i = 1; used_.count(name) || kKeywords.count(name); ++i) name = str_cat(base, "_", i);
  used_.insert(name);
  scopes_.back().names.push_back(name);
  bind(key, name);
  return name;
}

void NameTable::bind(const void* key, std::string text) {
  texts_[key].push_back(std::move(text));
  scopes_.back().keys.push_back(key);
}

const std::string* NameTable::find(const void* key) const {
  const auto it = texts_.find(key);
  return it == texts_.end() ? nullptr : &it->second.back();
}

void LineWriter::line(std::string_view text) {
  if (!text.empty()) text_.append(static_cast<size_t>(depth_) * 4, ' ');
  text_ += text;
  text_ += '\n';
  ++num_lines_;
}

}  // namespace tenon::script
