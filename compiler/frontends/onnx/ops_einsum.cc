// Einsum: operands are joined from left to right, each pair as one batched matrix product of the
// labels that both have, the labels of one only, and the labels that nothing needs any more.
#include <algorithm>
#include <cctype>

#include "compiler/frontends/onnx/importer.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

using relax::Expr;
using relax::ints_attr;

// A tensor whose axis k has label labels[k]; ellipses are the labels 1, 2 ... from the right.
struct Term {
  std::string labels;
  Expr tensor;
};

bool has(const std::string& labels, char label) { return labels.find(label) != std::string::npos; }

// The labels of `text` for a tensor of that rank; -1: the rank is not known (the output).
std::string read_labels(const NodeContext& node, std::string text, std::int64_t rank,
                        std::int64_t& ellipsis_rank) {
  const std::size_t dots = text.find("...");
  if (dots != std::string::npos) {
    if (rank >= 0) {
      const std::int64_t hidden = rank - static_cast<std::int64_t>(text.size()) + 3;
      if (hidden < 0 || hidden > 8) node.fail("\"" + text + "\" does not fit its operand");
      ellipsis_rank = std::max(ellipsis_rank, hidden);
      rank = hidden;
    } else {
      rank = ellipsis_rank;
    }
    std::string labels;
    for (std::int64_t i = rank; i > 0; --i) labels += static_cast<char>('0' + i);
    text.replace(dots, 3, labels);
  } else if (rank >= 0 && rank != static_cast<std::int64_t>(text.size())) {
    node.fail("\"" + text + "\" does not fit an operand of rank " + std::to_string(rank));
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_label = std::isalnum(static_cast<unsigned char>(text[i])) != 0;
    if (!is_label) node.fail("the equation has an unexpected \"" + text.substr(i, 1) + "\"");
    if (text.find(text[i], i + 1) != std::string::npos) {
      node.fail("a label that is repeated in one term is not supported");
    }
  }
  return text;
}

// Sums over the axes whose labels are not in `needed`.
Term sum_out(const NodeContext& node, const Term& term, const std::string& needed) {
  Term result;
  std::vector<std::int64_t> axes;
  for (std::size_t i = 0; i < term.labels.size(); ++i) {
    if (has(needed, term.labels[i])) {
      result.labels += term.labels[i];
    } else {
      axes.push_back(static_cast<std::int64_t>(i));
    }
  }
  if (axes.empty()) return term;
  result.tensor = node.emit("sum", {term.tensor}, {{"axis", ints_attr(axes)}});
  return result;
}

Expr ordered(const NodeContext& node, const Term& term, const std::string& labels) {
  if (term.labels == labels) return term.tensor;
  std::vector<std::int64_t> axes;
  for (const char label : labels) {
    axes.push_back(static_cast<std::int64_t>(term.labels.find(label)));
  }
  return node.emit("permute_dims", {term.tensor}, {{"axes", ints_attr(axes)}});
}

relax::Dim extent_of(const NodeContext& node, const Term& term, char label) {
  const relax::Shape shape = tensor_shape(term.tensor);
  const std::size_t axis = term.labels.find(label);
  if (axis >= shape.size()) node.fail("label " + std::string(1, label) + " has no extent");
  return shape[axis];
}

relax::Dim extent_product(const NodeContext& node, const Term& term, const std::string& labels) {
  relax::Shape shape;
  for (const char label : labels) shape.push_back(extent_of(node, term, label));
  return relax::product(shape);
}

// a and b over the labels in `needed`; the others of both are summed.
Term join(const NodeContext& node, const Term& left, const Term& right, const std::string& needed) {
  const Term a = sum_out(node, left, needed + right.labels);
  const Term b = sum_out(node, right, needed + left.labels);
  std::string batch, inner, rows, columns;
  for (const char label : a.labels) {
    if (!has(b.labels, label)) {
      rows += label;
      continue;
    }
    if (!relax::proved_equal(extent_of(node, a, label), extent_of(node, b, label))) {
      node.fail("label " + std::string(1, label) + " has extents " +
                relax::to_text({extent_of(node, a, label), extent_of(node, b, label)}) +
                "; both must be the same");
    }
    (has(needed, label) ? batch : inner) += label;
  }
  for (const char label : b.labels) {
    if (!has(a.labels, label)) columns += label;
  }
  const relax::Dim depth = extent_product(node, a, inner), size = extent_product(node, a, batch);
  const Expr x = reshape_to(node, ordered(node, a, batch + rows + inner),
                            {size, extent_product(node, a, rows), depth});
  const Expr y = reshape_to(node, ordered(node, b, batch + inner + columns),
                            {size, depth, extent_product(node, b, columns)});
  relax::Shape shape;
  for (const char label : batch + rows) shape.push_back(extent_of(node, a, label));
  for (const char label : columns) shape.push_back(extent_of(node, b, label));
  return {batch + rows + columns, reshape_to(node, node.emit("matmul", {x, y}), shape)};
}

// Without "->" the labels that appear once, in alphabetic order, behind the ellipsis.
std::string implied_output(const std::vector<Term>& terms) {
  std::string all, once, hidden;
  for (const Term& term : terms) all += term.labels;
  for (const char label : all) {
    if (std::isdigit(static_cast<unsigned char>(label)) != 0) {
      if (!has(hidden, label)) hidden += label;
    } else if (std::count(all.begin(), all.end(), label) == 1) {
      once += label;
    }
  }
  std::sort(once.begin(), once.end());
  std::sort(hidden.rbegin(), hidden.rend());
  return hidden + once;
}

std::vector<Value> einsum(const NodeContext& node) {
  std::string equation = node.string_attribute("equation", "");
  std::erase(equation, ' ');
  const std::size_t arrow = equation.find("->");
  const std::string left = equation.substr(0, arrow);
  std::vector<Term> terms;
  std::int64_t ellipsis_rank = 0;
  std::size_t at = 0;
  while (at <= left.size()) {
    const std::size_t comma = std::min(left.find(',', at), left.size());
    const std::size_t i = terms.size();
    if (i >= node.num_inputs()) node.fail("the equation has more terms than operands");
    terms.push_back({read_labels(node, left.substr(at, comma - at),
                                 static_cast<std::int64_t>(node.rank(i)), ellipsis_rank),
                     node.tensor(i)});
    at = comma + 1;
  }
  if (terms.size() != node.num_inputs()) node.fail("the equation has fewer terms than operands");
  const std::string output = arrow == std::string::npos
                                 ? implied_output(terms)
                                 : read_labels(node, equation.substr(arrow + 2), -1, ellipsis_rank);
  Term result = terms[0];
  for (std::size_t i = 1; i < terms.size(); ++i) {
    std::string needed = output;
    for (std::size_t later = i + 1; later < terms.size(); ++later) needed += terms[later].labels;
    result = join(node, result, terms[i], needed);
  }
  result = sum_out(node, result, output);
  for (const char label : output) {
    if (!has(result.labels, label)) {
      node.fail("the output has label " + std::string(1, label) + ", which no operand has");
    }
  }
  return {tensor_value(ordered(node, result, output))};
}

}  // namespace

const std::vector<OperatorEntry>& einsum_operators() {
  static const std::vector<OperatorEntry> kTable = {{"Einsum", 12, einsum}};
  return kTable;
}

}  // namespace tenon::onnx
