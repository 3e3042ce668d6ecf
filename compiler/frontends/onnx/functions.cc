#include "compiler/frontends/onnx/functions.h"

#include <map>
#include <string>

#include "compiler/support/error.h"

namespace tenon::onnx {
namespace {

constexpr int kMaxDepth = 64;

class Inliner {
 public:
  explicit Inliner(const onnx_file::Model& model) : model_(model) {}

  onnx_file::Model run() {
    onnx_file::Model result = model_;
    auto* graph = result.mutable_graph();
    graph->clear_node();
    for (const auto& node : model_.graph().node()) expand(node, graph, 0);
    result.clear_functions();
    return result;
  }

 private:
  const onnx_file::Function* find(const onnx_file::Node& node) const {
    for (const auto& function : model_.functions()) {
      if (function.name() == node.op_type() && function.domain() == node.domain() &&
          function.overload() == node.overload()) {
        return &function;
      }
    }
    return nullptr;
  }

  void expand(const onnx_file::Node& node, onnx_file::Graph* graph, int depth) {
    const auto* function = find(node);
    if (!function) {
      *graph->add_node() = node;
      return;
    }
    if (depth > kMaxDepth) {
      throw UserError("function \"" + function->name() +
                      "\" calls itself; recursion is not allowed");
    }
    check_opsets(*function);
    const std::string prefix =
        node.name() + "/" + function->name() + "_" + std::to_string(counter_++) + "/";
    std::map<std::string, std::string> names;
    for (int i = 0; i < function->input_size(); ++i) {
      names[function->input(i)] = i < node.input_size() ? node.input(i) : "";
    }
    for (int i = 0; i < function->output_size() && i < node.output_size(); ++i) {
      names[function->output(i)] = node.output(i);
    }
    for (const auto& inner : function->node()) {
      onnx_file::Node copy = inner;
      rename(copy, names, prefix);
      bind_attributes(copy, node, *function);
      expand(copy, graph, depth + 1);
    }
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

  void check_opsets(const onnx_file::Function& function) const {
    for (const auto& wanted : function.opset_import()) {
      for (const auto& has : model_.opset_import()) {
        if (has.domain() != wanted.domain() || has.version() == wanted.version()) continue;
        throw UserError("function \"" + function.name() + "\" imports opset " +
                        std::to_string(wanted.version()) + " of domain \"" + wanted.domain() +
                        "\", the model imports " + std::to_string(has.version()));
      }
    }
  }

  const onnx_file::Model& model_;
  int counter_ = 0;
};

}  // namespace

onnx_file::Model inline_functions(const onnx_file::Model& model) {
  if (model.functions_size() == 0) return model;
  return Inliner(model).run();
}

}  // namespace tenon::onnx
