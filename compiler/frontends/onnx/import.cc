#include "compiler/frontends/onnx/import.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "compiler/frontends/onnx/functions.h"
#include "compiler/frontends/onnx/importer.h"
#include "compiler/frontends/onnx/tensor.h"
#include "compiler/relax/ops/infer.h"
#include "compiler/support/error.h"
#include "compiler/support/files.h"

namespace tenon::onnx {
namespace {

constexpr std::int64_t kMinIrVersion = 3, kMaxIrVersion = 13;
// The newest opset whose operators were compared with what is implemented.
constexpr std::int64_t kMaxOpset = 28;
// More elements than any tensor of a model has; keeps products of extents far from overflow.
constexpr std::int64_t kMaxElements = std::int64_t{1} << 40;

class GraphImporter {
 public:
  GraphImporter(onnx_file::Model model, std::string folder)
      : model_(std::move(model)), folder_(std::move(folder)) {}

  relax::Module run(const std::string& name) {
    check_opsets();
    check_operators();
    for (const auto& node : model_.graph().node()) {
      later_.insert(node.output().begin(), node.output().end());
    }
    read_initializers();
    read_inputs();
    for (const auto& node : model_.graph().node()) import_node(node);
    finish(name);
    return std::move(module_);
  }

 private:
  void check_opsets() const {
    std::map<std::string, std::int64_t> versions;
    for (const auto& entry : model_.opset_import()) {
      const std::string domain = domain_text(entry.domain());
      const auto [known, is_new] = versions.emplace(domain, entry.version());
      if (!is_new && known->second != entry.version()) {
        throw UserError("the model imports opsets " + std::to_string(known->second) + " and " +
                        std::to_string(entry.version()) + " of domain " + domain +
                        "; one is needed");
      }
    }
    const std::int64_t standard = opset("");
    if (standard > kMaxOpset) {
      throw UserError("the model imports opset " + std::to_string(standard) +
                      " of domain ai.onnx; 1 to " + std::to_string(kMaxOpset) + " are supported");
    }
  }

  // A tensor has one maker. `maker` says which, for messages.
  void define(const std::string& name, Value value, const std::string& maker) {
    const auto [known, is_new] = makers_.emplace(name, maker);
    if (!is_new) {
      throw UserError("tensor \"" + name + "\" is made twice: by " + known->second + " and by " +
                      maker);
    }
    check_size(name, value);
    values_[name] = std::move(value);
  }

  static void check_size(const std::string& name, const Value& value) {
    if (!value.tensor) return;
    const relax::Type held = relax::type_of(value.tensor);  // a constant's type is made here
    const auto* type = held.as<relax::TensorType>();
    if (!type || !type->shape) return;
    std::int64_t count = 1;
    for (const relax::Dim& dim : *type->shape) {
      const std::int64_t extent = tir::as_int(dim).value_or(1);
      if (extent < 0 || (extent > 0 && count > kMaxElements / extent)) {
        throw UserError("tensor \"" + name + "\" of shape " + relax::to_text(*type->shape) +
                        " is too large: at most 2^40 elements are supported");
      }
      count = std::max<std::int64_t>(1, count * extent);
    }
  }

  // Opset 0: the domain is not imported.
  std::int64_t opset(const std::string& domain) const {
    for (const auto& entry : model_.opset_import()) {
      if (domain_text(entry.domain()) == domain_text(domain)) return entry.version();
    }
    return 0;
  }

  // One error for all nodes that cannot be imported.
  void check_operators() const {
    std::string list;
    int count = 0;
    for (const auto& node : model_.graph().node()) {
      const std::int64_t version = opset(node.domain());
      if (version > 0 && find_operator(node.domain(), node.op_type(), version)) continue;
      ++count;
      list += "\n  " + describe(node) + ", domain " + domain_text(node.domain()) + ", opset " +
              (version > 0 ? std::to_string(version) : "not imported");
    }
    if (count > 0) {
      throw UserError("the model uses " + std::to_string(count) +
                      " nodes that are not supported:" + list);
    }
  }

  void read_initializers() {
    if (model_.graph().sparse_initializer_size() > 0) {
      throw UserError("sparse initializers are not supported");
    }
    for (const auto& tensor : model_.graph().initializer()) {
      define(tensor.name(),
             tensor_value(relax::constant(read_tensor(tensor, folder_), tensor.name())),
             "an initializer");
    }
  }

  void read_inputs() {
    for (const auto& input : model_.graph().input()) {
      if (input.name().empty()) throw UserError("an input of the graph has no name");
      if (!input_names_.insert(input.name()).second) {
        throw UserError("input \"" + input.name() + "\" is listed twice");
      }
      const std::string where = "input \"" + input.name() + "\"";
      // Before IR version 4 initializers are listed as inputs, too.
      if (const auto known = values_.find(input.name()); known != values_.end()) {
        check_declared(where, input, relax::type_of(known->second.tensor), "its initializer");
        continue;
      }
      const relax::Expr param = relax::make_var(input.name(), input_type(input, where));
      params_.push_back(param);
      define(input.name(), tensor_value(param), "an input of the graph");
    }
  }

  relax::Type input_type(const onnx_file::ValueInfo& input, const std::string& where) {
    if (!input.type().has_tensor_type()) throw UserError(where + ": only tensors are supported");
    const auto& tensor = input.type().tensor_type();
    if (!tensor.has_shape()) throw UserError(where + ": has no shape; its rank is needed");
    relax::Shape shape;
    for (const auto& dim : tensor.shape().dim()) {
      if (dim.value_case() == onnx_file::Shape::Dim::kDimValue && dim.dim_value() >= 0) {
        shape.push_back(tir::i64(dim.dim_value()));
      } else if (dim.value_case() == onnx_file::Shape::Dim::kDimValue) {
        throw UserError(where + ": has an extent of " + std::to_string(dim.dim_value()));
      } else {
        shape.push_back(symbol(dim.dim_param()));
      }
    }
    return relax::tensor_type(std::move(shape), element_type(tensor.elem_type(), where));
  }

  // The type that the file declares for a value must not contradict the one it has.
  static void check_declared(const std::string& where, const onnx_file::ValueInfo& info,
                             const relax::Type& type, const std::string& source) {
    if (!info.type().has_tensor_type()) return;
    const auto& declared = info.type().tensor_type();
    const DataType dtype = relax::dtype_of(type);
    if (declared.elem_type() != 0 && element_type(declared.elem_type(), where) != dtype) {
      throw UserError(where + ": is declared as " +
                      to_string(element_type(declared.elem_type(), where)) + ", " + source +
                      " has " + to_string(dtype));
    }
    if (!declared.has_shape()) return;
    const relax::Shape& shape = relax::shape_of(type);
    const auto& dims = declared.shape().dim();
    bool agrees = static_cast<std::size_t>(dims.size()) == shape.size();
    for (int i = 0; agrees && i < dims.size(); ++i) {
      const auto extent = tir::as_int(shape[static_cast<std::size_t>(i)]);
      const bool is_fixed = dims[i].value_case() == onnx_file::Shape::Dim::kDimValue;
      agrees = !is_fixed || !extent || dims[i].dim_value() == *extent;
    }
    if (agrees) return;
    throw UserError(where + ": is declared with shape " + declared_text(dims) + ", " + source +
                    " has shape " + relax::to_text(shape));
  }

  static std::string declared_text(
      const google::protobuf::RepeatedPtrField<onnx_file::Shape::Dim>& dims) {
    std::string text;
    for (const auto& dim : dims) {
      const bool is_fixed = dim.value_case() == onnx_file::Shape::Dim::kDimValue;
      text += (text.empty() ? "" : ", ") +
              (is_fixed ? std::to_string(dim.dim_value())
                        : (dim.dim_param().empty() ? "?" : dim.dim_param()));
    }
    return "(" + text + ")";
  }

  // Equal names are one symbol; a dimension without name is a symbol of its own.
  tir::Expr symbol(const std::string& name) {
    if (!name.empty() && name != "?") {
      for (const relax::SymbolInfo& known : module_.symbols) {
        if (tir::var(known.var).name == name) return known.var;
      }
    }
    const std::string fresh =
        name.empty() || name == "?" ? "s" + std::to_string(module_.symbols.size()) : name;
    relax::SymbolInfo info;
    info.var = tir::make_var(fresh, kInt64);
    module_.symbols.push_back(info);
    return info.var;
  }

  void import_node(const onnx_file::Node& node) {
    std::vector<Value> inputs;
    for (const std::string& name : node.input()) {
      if (name.empty()) {
        inputs.emplace_back();
        continue;
      }
      const auto it = values_.find(name);
      if (it == values_.end()) {
        throw UserError(describe(node) + ": input \"" + name + "\" is " +
                        (later_.count(name) ? "computed only by this or a later node; the nodes of "
                                              "a graph must be in order of computation"
                                            : "no input, no initializer and computed by no node"));
      }
      inputs.push_back(it->second);
    }
    const std::int64_t version = opset(node.domain());
    const NodeContext context(node, version, inputs, builder_, folder_);
    const std::vector<Value> outputs =
        import_with_place(node, *find_operator(node.domain(), node.op_type(), version), context);
    for (int i = 0; i < node.output_size(); ++i) {
      if (node.output(i).empty()) continue;
      if (static_cast<std::size_t>(i) >= outputs.size()) {
        throw UserError(describe(node) + ": output " + std::to_string(i) + " is not supported");
      }
      define(node.output(i), outputs[static_cast<std::size_t>(i)], describe(node));
    }
  }

  // What the graph's operators refuse is told with the model's node.
  std::vector<Value> import_with_place(const onnx_file::Node& node, const OperatorEntry& entry,
                                       const NodeContext& context) const {
    try {
      return entry.import(context);
    } catch (const UserError& error) {
      const std::string text = error.what();
      if (text.starts_with("node \"")) throw;
      throw UserError(describe(node) + ": " + text);
    }
  }

  void finish(const std::string& name) {
    relax::Tuple results;
    tir::AttrValue::List names;
    for (const auto& output : model_.graph().output()) {
      const auto it = values_.find(output.name());
      if (it == values_.end()) {
        throw UserError("output \"" + output.name() + "\" is computed by no node");
      }
      results.values.push_back(result_tensor(output.name(), it->second));
      check_declared("output \"" + output.name() + "\"", output,
                     relax::type_of(results.values.back()), "what computes it");
      names.push_back({output.name()});
    }
    if (results.values.empty()) throw UserError("the graph has no output");
    const relax::Expr body = results.values.size() == 1 ? results.values[0] : relax::Expr(results);
    module_.attrs["name"] = {name};
    module_.functions.emplace_back(
        "main", builder_.finish(params_, body, {{"output_names", {std::move(names)}}}));
  }

  static relax::Expr result_tensor(const std::string& name, const Value& value) {
    if (value.tensor) return value.tensor;
    std::vector<std::int64_t> constants;
    for (const tir::Expr& e : value.integers->values) {
      const auto n = tir::as_int(e);
      if (!n) throw UserError("output \"" + name + "\" is a shape known only at run time");
      constants.push_back(*n);
    }
    return integer_constant(constants, value.integers->is_scalar);
  }

  const onnx_file::Model model_;
  const std::string folder_;
  relax::Module module_;
  relax::Builder builder_;
  std::vector<relax::Expr> params_;
  std::map<std::string, Value> values_;
  std::map<std::string, std::string> makers_;
  std::set<std::string> input_names_, later_;
};

onnx_file::Model parse(const std::string& bytes, const std::string& path) {
  onnx_file::Model model;
  if (!model.ParseFromString(bytes)) {
    throw UserError("\"" + path + "\" is no ONNX model, or a truncated one: its " +
                    std::to_string(bytes.size()) + " bytes do not parse as a ModelProto");
  }
  if (!model.has_graph() || !model.has_ir_version()) {
    throw UserError("\"" + path + "\" is no ONNX model: it has no graph or no IR version");
  }
  if (model.ir_version() < kMinIrVersion || model.ir_version() > kMaxIrVersion) {
    throw UserError("\"" + path + "\" has ONNX IR version " + std::to_string(model.ir_version()) +
                    "; " + std::to_string(kMinIrVersion) + " to " + std::to_string(kMaxIrVersion) +
                    " are supported");
  }
  return model;
}

}  // namespace

relax::Module import_bytes(const std::string& bytes, const std::string& name,
                           const std::string& folder) {
  return GraphImporter(inline_functions(parse(bytes, name)), folder).run(name);
}

relax::Module import_file(const std::string& path) {
  const std::filesystem::path file(path);
  const onnx_file::Model model = inline_functions(parse(read_file(path), path));
  return GraphImporter(model, file.parent_path().string()).run(file.stem().string());
}

relax::TensorRef import_tensor(const std::string& path) {
  onnx_file::Tensor tensor;
  if (!tensor.ParseFromString(read_file(path)) || !tensor.has_data_type()) {
    throw UserError("\"" + path + "\" is no ONNX tensor, or a truncated one");
  }
  return read_tensor(tensor, std::filesystem::path(path).parent_path().string());
}

}  // namespace tenon::onnx
