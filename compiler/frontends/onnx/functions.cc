#include "compiler/frontends/onnx/functions.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "compiler/frontends/onnx/importer.h"
#include "compiler/support/error.h"

namespace tenon::onnx {
namespace {

// A file of a few kilobytes can describe calls that double at every level.
constexpr int kMaxNodes = 1'000'000;

std::string quoted(const std::string& name) { return "\"" + name + "\""; }

class Inliner {
 public:
  explicit Inliner(const onnx_file::Model& model) : model_(model) {}

  onnx_file::Model run() {
    check_duplicates();
    result_ = model_;
    result_.mutable_graph()->clear_node();
    for (const auto& node : model_.graph().node()) expand(node);
    result_.clear_functions();
    return std::move(result_);
  }

 private:
  static bool same(const onnx_file::Function& a, const onnx_file::Function& b) {
    return a.name() == b.name() && domain_text(a.domain()) == domain_text(b.domain()) &&
           a.overload() == b.overload();
  }

  void check_duplicates() const {
    for (int i = 0; i < model_.functions_size(); ++i) {
      for (int j = 0; j < i; ++j) {
        if (same(model_.functions(i), model_.functions(j))) {
          throw UserError("function " + quoted(model_.functions(i).name()) + " of domain " +
                          domain_text(model_.functions(i).domain()) + " is defined twice");
        }
      }
    }
  }

  const onnx_file::Function* find(const onnx_file::Node& node) const {
    for (const auto& function : model_.functions()) {
      if (function.name() == node.op_type() &&
          domain_text(function.domain()) == domain_text(node.domain()) &&
          function.overload() == node.overload()) {
        return &function;
      }
    }
    return nullptr;
  }

  void add(const onnx_file::Node& node) {
    if (result_.graph().node_size() >= kMaxNodes) {
      throw UserError("the model has more than " + std::to_string(kMaxNodes) +
                      " nodes when its functions are inlined");
    }
    *result_.mutable_graph()->add_node() = node;
  }

  void expand(const onnx_file::Node& node) {
    const auto* function = find(node);
    if (!function) return add(node);
    if (std::find(active_.begin(), active_.end(), function) != active_.end()) {
      throw UserError("function " + quoted(function->name()) +
                      " calls itself; recursion is not allowed");
    }
    check_call(node, *function);
    import_opsets(*function);
    active_.push_back(function);
    const std::string prefix =
        node.name() + "/" + function->name() + "_" + std::to_string(counter_++) + "/";
    std::map<std::string, std::string> names;
    for (int i = 0; i < function->input_size(); ++i) {
      names[function->input(i)] = i < node.input_size() ? node.input(i) : "";
    }
    std::vector<onnx_file::Node> copies;
    for (int i = 0; i < function->output_size() && i < node.output_size(); ++i) {
      const std::string& name = function->output(i);
      const auto [known, is_new] = names.emplace(name, node.output(i));
      if (!is_new) copies.push_back(copy_node(known->second, node.output(i)));
    }
    for (const auto& inner : function->node()) {
      onnx_file::Node copy = inner;
      rename(copy, names, prefix);
      bind_attributes(copy, node, *function);
      expand(copy);
    }
    for (const onnx_file::Node& copy : copies) add(copy);
    active_.pop_back();
  }

  static void check_call(const onnx_file::Node& node, const onnx_file::Function& function) {
    const auto check = [&](int given, int has, const char* what) {
      if (given <= has) return;
      throw UserError(describe(node) + ": has " + std::to_string(given) + " " + what +
                      ", function " + quoted(function.name()) + " has " + std::to_string(has));
    };
    check(node.input_size(), function.input_size(), "inputs");
    check(node.output_size(), function.output_size(), "outputs");
  }

  // An output that is one of the function's inputs, or another output.
  onnx_file::Node copy_node(const std::string& from, const std::string& to) const {
    onnx_file::Node node;
    node.set_op_type("Identity");
    node.add_input(from);
    node.add_output(to);
    return node;
  }

  static void rename(onnx_file::Node& node, std::map<std::string, std::string>& names,
                     const std::string& prefix) {
    const auto renamed = [&](const std::string& name) {
      if (name.empty()) return name;
      return names.try_emplace(name, prefix + name).first->second;
    };
    node.set_name(prefix + node.name());
    for (auto& input : *node.mutable_input()) input = renamed(input);
    for (auto& output : *node.mutable_output()) output = renamed(output);
  }

  static void bind_attributes(onnx_file::Node& inner, const onnx_file::Node& call,
                              const onnx_file::Function& function) {
    google::protobuf::RepeatedPtrField<onnx_file::Attribute> bound;
    for (const auto& attribute : inner.attribute()) {
      if (attribute.ref_attr_name().empty()) {
        *bound.Add() = attribute;
        continue;
      }
      const onnx_file::Attribute* value = nullptr;
      for (const auto& given : function.attribute_proto()) {
        if (given.name() == attribute.ref_attr_name()) value = &given;
      }
      for (const auto& given : call.attribute()) {
        if (given.name() == attribute.ref_attr_name()) value = &given;
      }
      if (!value) continue;  // an attribute that is not given keeps the operator's default
      auto* copy = bound.Add();
      *copy = *value;
      copy->set_name(attribute.name());
    }
    inner.mutable_attribute()->Swap(&bound);
  }

  // The body's nodes have the meaning of the function's opsets, which must be the model's. Domains
  // that only functions use are added to the model.
  void import_opsets(const onnx_file::Function& function) {
    for (const auto& wanted : function.opset_import()) {
      bool is_known = false;
      for (const auto& has : result_.opset_import()) {
        if (domain_text(has.domain()) != domain_text(wanted.domain())) continue;
        is_known = true;
        if (has.version() == wanted.version()) continue;
        throw UserError("function " + quoted(function.name()) + " imports opset " +
                        std::to_string(wanted.version()) + " of domain " +
                        domain_text(wanted.domain()) + ", the model imports " +
                        std::to_string(has.version()));
      }
      if (!is_known) *result_.add_opset_import() = wanted;
    }
  }

  const onnx_file::Model& model_;
  onnx_file::Model result_;
  std::vector<const onnx_file::Function*> active_;  // calls being expanded, outermost first
  int counter_ = 0;
};

}  // namespace

onnx_file::Model inline_functions(const onnx_file::Model& model) {
  if (model.functions_size() == 0) return model;
  return Inliner(model).run();
}

}  // namespace tenon::onnx
