// RNN, GRU and LSTM over sequences of constant length: the input's part of every step in one
// product, then the steps one after the other.
#include "compiler/frontends/onnx/importer.h"
#include "compiler/relax/ops/infer.h"

namespace tenon::onnx {
namespace {

using relax::Expr;
using relax::int_attr;
using relax::ints_attr;

// Longer sequences would make models of too many nodes.
constexpr std::int64_t kMaxSteps = 4096;

Expr add(const NodeContext& node, const Expr& a, const Expr& b) { return node.emit("add", {a, b}); }
Expr multiply(const NodeContext& node, const Expr& a, const Expr& b) {
  return node.emit("multiply", {a, b});
}

// Elements [begin, end) of an axis.
Expr slice(const NodeContext& node, const Expr& x, std::int64_t axis, std::int64_t begin,
           std::int64_t end) {
  return node.emit(
      "strided_slice", {x},
      {{"axes", ints_attr({axis})}, {"begin", ints_attr({begin})}, {"end", ints_attr({end})}});
}

// Element `at` of the first axis, without that axis.
Expr row(const NodeContext& node, const Expr& x, std::int64_t at) {
  return node.emit("squeeze", {slice(node, x, 0, at, at + 1)}, {{"axis", ints_attr({0})}});
}

Expr stack(const NodeContext& node, const std::vector<Expr>& parts, std::int64_t axis) {
  relax::Tuple rows;
  for (const Expr& part : parts) {
    rows.values.push_back(node.emit("expand_dims", {part}, {{"axis", ints_attr({axis})}}));
  }
  return node.emit("concat", {rows}, {{"axis", int_attr(axis)}});
}

// Shapes and attributes that the three share. `gates` is the number of hidden_size wide parts.
struct Network {
  std::int64_t gates, hidden, steps, directions;
  relax::Dim batch;
  DataType dtype;
  bool is_batch_first, is_reverse;
  std::vector<std::string> activations;  // of all directions
  Expr input;                            // (steps, batch, features)
};

// One direction's weights.
struct Weights {
  Expr projected;  // input times W', with the biases that are added outside: (steps, batch, width)
  Expr recurrent;  // R (width, hidden)
  Expr bias;       // of R (width); null: none
  bool is_reverse;
};

std::vector<std::string> read_activations(const NodeContext& node, std::int64_t directions,
                                          const std::vector<std::string>& defaults) {
  std::vector<std::string> names;
  if (const auto* given = node.find("activations")) {
    names.assign(given->strings().begin(), given->strings().end());
  }
  for (std::int64_t d = 0; d < directions && !node.has_attribute("activations"); ++d) {
    names.insert(names.end(), defaults.begin(), defaults.end());
  }
  if (names.size() != defaults.size() * static_cast<std::size_t>(directions)) {
    node.fail(std::to_string(defaults.size()) + " activations a direction are needed");
  }
  for (const std::string& name : names) {
    if (name != "Sigmoid" && name != "Tanh" && name != "Relu") {
      node.fail("activation \"" + name + "\" is not supported; known: Sigmoid, Tanh, Relu");
    }
  }
  return names;
}

Network read_network(const NodeContext& node, std::int64_t gates,
                     const std::vector<std::string>& defaults) {
  Network n;
  n.gates = gates;
  n.is_batch_first = node.int_attribute("layout", 0) != 0;
  n.input = node.tensor(0);
  if (node.rank(0) != 3 || node.rank(1) != 3 || node.rank(2) != 3) {
    node.fail("X, W and R need rank 3");
  }
  if (n.is_batch_first) {
    n.input = node.emit("permute_dims", {n.input}, {{"axes", ints_attr({1, 0, 2})}});
  }
  const relax::Shape shape = tensor_shape(n.input), recurrent = *node.type(2).shape;
  const auto steps = tir::as_int(shape[0]), hidden = tir::as_int(recurrent[2]);
  if (!steps || *steps < 1 || *steps > kMaxSteps) {
    node.fail("the length of the sequence, " + relax::to_text({shape[0]}) +
              ", must be constant, 1 to " + std::to_string(kMaxSteps) +
              "; others are not supported");
  }
  const std::string direction = node.string_attribute("direction", "forward");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
    node.fail("direction \"" + direction + "\" is unknown");
  }
  n.steps = *steps;
  n.directions = direction == "bidirectional" ? 2 : 1;
  n.is_reverse = direction == "reverse";
  n.batch = shape[1];
  n.dtype = dtype_of(n.input);
  n.hidden = hidden.value_or(0);
  if (n.hidden < 1 || !tir::is_int(recurrent[0], n.directions) ||
      !tir::is_int(recurrent[1], gates * n.hidden) ||
      node.int_attribute("hidden_size", n.hidden) != n.hidden) {
    node.fail("R has shape " + relax::to_text(recurrent) + "; (" + std::to_string(n.directions) +
              ", " + std::to_string(gates) + " * hidden_size, hidden_size) is needed");
  }
  n.activations = read_activations(node, n.directions, defaults);
  if (node.has_attribute("clip")) node.fail("clip is not supported");
  if (node.has_input(4)) {
    for (const std::int64_t length : node.constant_integers(4)) {
      if (length != n.steps) node.fail("sequences of different lengths are not supported");
    }
  }
  return n;
}

Expr activate(const NodeContext& node, const std::string& name, const Expr& x) {
  return node.emit(name == "Sigmoid" ? "sigmoid" : name == "Tanh" ? "tanh" : "nn.relu", {x});
}

// The biases of W and R are one sum unless `keeps_recurrent_bias` (a gate multiplies R's part).
Weights read_weights(const NodeContext& node, const Network& n, std::int64_t direction,
                     bool keeps_recurrent_bias) {
  Weights w;
  w.is_reverse = n.is_reverse || direction == 1;
  w.recurrent = row(node, node.tensor(2), direction);
  w.projected = node.emit("matmul", {n.input, row(node, node.tensor(1), direction)},
                          {{"transpose_b", int_attr(1)}});
  if (!node.has_input(3)) return w;
  const Expr bias = row(node, node.tensor(3), direction);
  const std::int64_t width = n.gates * n.hidden;
  const Expr of_input = slice(node, bias, 0, 0, width);
  const Expr of_state = slice(node, bias, 0, width, 2 * width);
  if (keeps_recurrent_bias) {
    w.bias = of_state;
    w.projected = add(node, w.projected, of_input);
  } else {
    w.projected = add(node, w.projected, add(node, of_input, of_state));
  }
  return w;
}

// The state of a direction before the first step: (batch, hidden).
Expr initial_state(const NodeContext& node, const Network& n, std::size_t input,
                   std::int64_t direction) {
  const relax::Shape shape{n.batch, tir::i64(n.hidden)};
  if (!node.has_input(input)) {
    return node.emit("broadcast_to", {number(node, n.dtype, 0), relax::ShapeExpr{shape}});
  }
  Expr state = node.tensor(input);
  if (n.is_batch_first) {
    state = node.emit("permute_dims", {state}, {{"axes", ints_attr({1, 0, 2})}});
  }
  return row(node, state, direction);
}

// Part `gate` of a (batch, gates * hidden) tensor.
Expr gate(const NodeContext& node, const Network& n, const Expr& x, std::int64_t index) {
  return slice(node, x, 1, index * n.hidden, (index + 1) * n.hidden);
}

Expr from_state(const NodeContext& node, const Expr& state, const Expr& weight) {
  return node.emit("matmul", {state, weight}, {{"transpose_b", int_attr(1)}});
}

struct State {
  Expr hidden, cell;  // the cell of LSTM only
};

// What a run over one direction leaves.
struct Run {
  std::vector<Expr> outputs;  // one a step, in the order of the sequence
  State last;
};

template <class Step>
Run run_steps(const Network& n, const Weights& w, State state, const Step& step) {
  Run run;
  run.outputs.resize(static_cast<std::size_t>(n.steps));
  for (std::int64_t i = 0; i < n.steps; ++i) {
    const std::int64_t at = w.is_reverse ? n.steps - 1 - i : i;
    state = step(at, state);
    run.outputs[static_cast<std::size_t>(at)] = state.hidden;
  }
  run.last = state;
  return run;
}

// Y (steps, directions, batch, hidden), then the last states (directions, batch, hidden); with
// layout 1 (batch, steps, directions, hidden) and (batch, directions, hidden).
std::vector<Value> results(const NodeContext& node, const Network& n, const std::vector<Run>& runs,
                           bool has_cell) {
  std::vector<Expr> all, hidden, cell;
  for (const Run& run : runs) {
    all.push_back(stack(node, run.outputs, 0));
    hidden.push_back(run.last.hidden);
    cell.push_back(run.last.cell);
  }
  const auto ordered = [&](const Expr& x, std::vector<std::int64_t> axes) {
    if (!n.is_batch_first) return x;
    return node.emit("permute_dims", {x}, {{"axes", ints_attr(axes)}});
  };
  std::vector<Value> values{tensor_value(ordered(stack(node, all, 1), {2, 0, 1, 3})),
                            tensor_value(ordered(stack(node, hidden, 0), {1, 0, 2}))};
  if (has_cell) values.push_back(tensor_value(ordered(stack(node, cell, 0), {1, 0, 2})));
  return values;
}

std::string activation(const Network& n, std::int64_t direction, std::size_t index) {
  const std::size_t count = n.activations.size() / static_cast<std::size_t>(n.directions);
  return n.activations[static_cast<std::size_t>(direction) * count + index];
}

std::vector<Value> rnn(const NodeContext& node) {
  const Network n = read_network(node, 1, {"Tanh"});
  std::vector<Run> runs;
  for (std::int64_t d = 0; d < n.directions; ++d) {
    const Weights w = read_weights(node, n, d, false);
    runs.push_back(run_steps(
        n, w, {initial_state(node, n, 5, d), {}}, [&](std::int64_t at, const State& s) -> State {
          const Expr sum =
              add(node, row(node, w.projected, at), from_state(node, s.hidden, w.recurrent));
          return {activate(node, activation(n, d, 0), sum), {}};
        }));
  }
  return results(node, n, runs, false);
}

// Gates in the order z (update), r (reset), h. With linear_before_reset the reset multiplies the
// state's whole part of h, its bias included; else the state before the product.
std::vector<Value> gru(const NodeContext& node) {
  const Network n = read_network(node, 3, {"Sigmoid", "Tanh"});
  const bool is_linear = node.int_attribute("linear_before_reset", 0) != 0;
  const std::int64_t h = n.hidden;
  std::vector<Run> runs;
  for (std::int64_t d = 0; d < n.directions; ++d) {
    const Weights w = read_weights(node, n, d, true);
    const auto biased = [&](const Expr& x, std::int64_t begin, std::int64_t end) {
      return w.bias ? add(node, x, slice(node, w.bias, 0, begin, end)) : x;
    };
    const Expr gates = slice(node, w.recurrent, 0, 0, 2 * h);
    const Expr candidate = slice(node, w.recurrent, 0, 2 * h, 3 * h);
    const auto step = [&](std::int64_t at, const State& s) -> State {
      const Expr input = row(node, w.projected, at);
      const Expr both = activate(node, activation(n, d, 0),
                                 add(node, slice(node, input, 1, 0, 2 * h),
                                     biased(from_state(node, s.hidden, gates), 0, 2 * h)));
      const Expr update = gate(node, n, both, 0), reset = gate(node, n, both, 1);
      Expr inner;
      if (is_linear) {
        inner = multiply(node, reset, biased(from_state(node, s.hidden, candidate), 2 * h, 3 * h));
      } else {
        inner = biased(from_state(node, multiply(node, reset, s.hidden), candidate), 2 * h, 3 * h);
      }
      const Expr fresh =
          activate(node, activation(n, d, 1), add(node, gate(node, n, input, 2), inner));
      // (1 - z) * fresh + z * state
      const Expr change = multiply(node, update, node.emit("subtract", {s.hidden, fresh}));
      return {add(node, fresh, change), {}};
    };
    runs.push_back(run_steps(n, w, {initial_state(node, n, 5, d), {}}, step));
  }
  return results(node, n, runs, false);
}

// Gates in the order i (input), o (output), f (forget), c; peepholes in the order i, o, f.
std::vector<Value> lstm(const NodeContext& node) {
  const Network n = read_network(node, 4, {"Sigmoid", "Tanh", "Tanh"});
  const bool is_coupled = node.int_attribute("input_forget", 0) != 0;
  std::vector<Run> runs;
  for (std::int64_t d = 0; d < n.directions; ++d) {
    const Weights w = read_weights(node, n, d, false);
    const Expr peepholes = node.has_input(7) ? row(node, node.tensor(7), d) : Expr{};
    const auto peeped = [&](const Expr& x, const Expr& cell, std::int64_t index) {
      if (!peepholes) return x;
      const Expr weight = slice(node, peepholes, 0, index * n.hidden, (index + 1) * n.hidden);
      return add(node, x, multiply(node, cell, weight));
    };
    const auto step = [&](std::int64_t at, const State& s) -> State {
      const Expr sum =
          add(node, row(node, w.projected, at), from_state(node, s.hidden, w.recurrent));
      const auto part = [&](std::int64_t index, const Expr& cell) {
        return activate(node, activation(n, d, 0), peeped(gate(node, n, sum, index), cell, index));
      };
      const Expr input = part(0, s.cell);
      const Expr forget =
          is_coupled ? node.emit("subtract", {number(node, n.dtype, 1), input}) : part(2, s.cell);
      const Expr fresh = activate(node, activation(n, d, 1), gate(node, n, sum, 3));
      const Expr cell = add(node, multiply(node, forget, s.cell), multiply(node, input, fresh));
      const Expr output = part(1, cell);
      return {multiply(node, output, activate(node, activation(n, d, 2), cell)), cell};
    };
    runs.push_back(
        run_steps(n, w, {initial_state(node, n, 5, d), initial_state(node, n, 6, d)}, step));
  }
  return results(node, n, runs, true);
}

}  // namespace

const std::vector<OperatorEntry>& recurrent_operators() {
  static const std::vector<OperatorEntry> kTable = {
      {"GRU", 7, gru},
      {"LSTM", 7, lstm},
      {"RNN", 7, rnn},
  };
  return kTable;
}

}  // namespace tenon::onnx
