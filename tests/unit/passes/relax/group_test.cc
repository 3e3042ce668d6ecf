#include "compiler/passes/relax/group.h"

#include <algorithm>

#include "compiler/support/rng.h"
#include "tests/unit/passes/relax/passes_fixture.h"
#include "tests/unit/passes/relax/random_graph.h"

namespace tenon::relax {
namespace {

// The groups as names of their members, in an order of their own.
std::vector<std::string> groups_of(const Module& module) {
  std::vector<std::string> groups;
  const Grouping grouping = fuse_groups(main_of(module));
  for (const Group& group : grouping.groups) {
    std::string text;
    for (const Binding* member : group.members) text += var(member->var).name + " ";
    groups.push_back(text);
  }
  std::sort(groups.begin(), groups.end());
  return groups;
}

// The same bindings in another order that defines before it uses.
Module shuffled(const Module& module, std::uint64_t seed) {
  const Function& func = main_of(module);
  std::vector<Binding> rest = bindings_of(module), order;
  std::set<Expr, IdLess> defined(func.params.begin(), func.params.end());
  Rng rng(seed);
  while (!rest.empty()) {
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < rest.size(); ++i) {
      bool is_ready = true;
      each_var(rest[i].value, [&](const Expr& e) { is_ready = is_ready && defined.count(e); });
      if (is_ready) ready.push_back(i);
    }
    const auto at = static_cast<std::ptrdiff_t>(ready.at(rng.below(ready.size())));
    defined.insert(rest[static_cast<std::size_t>(at)].var);
    order.push_back(rest[static_cast<std::size_t>(at)]);
    rest.erase(rest.begin() + at);
  }
  Module result = module;
  result.replace("main", with_bindings(func, order, func.body.get<SeqExpr>().body));
  return result;
}

TEST(FuseGroups, AnEpilogueJoinsItsAnchor) {
  Builder b;
  const Expr x = param("x", {1, 2, 4, 4});
  Expr y = b.emit("nn.conv2d", {x, random_constant({2, 2, 1, 1}, 1)}, {}, "conv");
  y = b.emit("add", {y, random_constant({2, 1, 1}, 2)}, {}, "bias");
  y = b.emit("nn.relu", {y}, {}, "relu");
  EXPECT_EQ(groups_of(main_module(b, {x}, y)), (std::vector<std::string>{"conv bias relu "}));
}

TEST(FuseGroups, AValueWithOtherUsesEndsItsGroup) {
  Builder b;
  const Expr x = param("x", {4});
  const Expr y = b.emit("exp", {x}, {}, "exp");
  const Expr z = b.emit("nn.relu", {y}, {}, "relu");
  EXPECT_EQ(groups_of(main_module(b, {x}, Tuple{{y, z}})),
            (std::vector<std::string>{"exp ", "relu "}));
}

TEST(FuseGroups, AllElementwiseProducersJoin) {
  Builder b;
  const Expr x = param("x", {4}), y = param("y", {4});
  const Expr u = b.emit("exp", {x}, {}, "exp"), v = b.emit("abs", {y}, {}, "abs");
  const Expr w = b.emit("add", {u, v}, {}, "add");
  EXPECT_EQ(groups_of(main_module(b, {x, y}, w)), (std::vector<std::string>{"exp abs add "}));
}

TEST(FuseGroups, OneAnchorIsTakenTheStrongestThenTheFirstArgument) {
  Builder b;
  const Expr x = param("x", {1, 2, 4, 4});
  const auto conv = [&](const char* name) {
    return b.emit("nn.conv2d", {x, random_constant({2, 2, 1, 1}, 1)}, {}, name);
  };
  const auto pool = [&](const char* name) {
    return b.emit("nn.max_pool2d", {x}, {{"pool_size", ints_attr({1, 1})}}, name);
  };
  const Expr p = pool("pool"), late = conv("late"), early = conv("early"), c = conv("conv");
  const Expr u = b.emit("add", {early, late}, {}, "u"), v = b.emit("add", {p, c}, {}, "v");
  EXPECT_EQ(groups_of(main_module(b, {x}, Tuple{{u, v}})),
            (std::vector<std::string>{"conv v ", "early u ", "late ", "pool "}));
}

TEST(FuseGroups, AnotherResultShapeDoesNotJoin) {
  Builder b;
  const Expr x = param("x", {4}), y = param("y", {3, 4});
  const Expr u = b.emit("exp", {x}, {}, "exp");
  const Expr v = b.emit("add", {u, y}, {}, "add");
  EXPECT_EQ(groups_of(main_module(b, {x, y}, v)), (std::vector<std::string>{"add ", "exp "}));
}

TEST(FuseGroups, DoNotDependOnTheOrderOfBindings) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Module module = random_graph(seed);
    const std::vector<std::string> groups = groups_of(module);
    for (std::uint64_t order = 0; order < 4; ++order) {
      EXPECT_EQ(groups_of(shuffled(module, order)), groups) << "seed " << seed << ", " << order;
    }
  }
}

// Parts of `result` as is_view sees them.
bool concat_is_view(const Module& module) {
  const Function& func = main_of(module);
  const Uses uses = count_uses(func);
  const Definitions defs = definitions(func);
  for (const Binding& binding : bindings_of(module)) {
    const auto* call = binding.value.as<Call>();
    if (call && call->op->name == "concat") return is_view(*call, uses, defs);
  }
  ADD_FAILURE() << "no concat";
  return false;
}

TEST(IsView, AConcatOfPartsThatOnlyItUses) {
  Builder b;
  const Expr x = param("x", {1, 16}), y = param("y", {1, 3});
  const Expr u = b.emit("exp", {x}), v = b.emit("exp", {y});
  const Expr r = b.emit("reshape", {v, ShapeExpr{{tir::i64(1), tir::i64(3)}}});
  EXPECT_TRUE(concat_is_view(
      main_module(b, {x, y}, b.emit("concat", {Tuple{{u, r}}}, {{"axis", int_attr(1)}}))));
}

// A kernel may assume that its tensors start at multiples of 64 bytes.
TEST(IsView, NotWhenAPartWouldBeMisaligned) {
  Builder b;
  const Expr x = param("x", {1, 3});
  const Expr u = b.emit("exp", {x}), v = b.emit("abs", {x});
  EXPECT_FALSE(concat_is_view(
      main_module(b, {x}, b.emit("concat", {Tuple{{u, v}}}, {{"axis", int_attr(1)}}))));
}

TEST(IsView, NotWhenAPartHasItsBytesElsewhere) {
  const auto joined = [](auto&& parts) {
    Builder b;
    const Expr x = param("x", {16});
    const Expr y = b.emit("exp", {x});
    const auto reshape = [&](const Expr& e) {
      return b.emit("reshape", {e, ShapeExpr{{tir::i64(16)}}});
    };
    const Tuple t = parts(b, x, y, reshape);
    const Expr z = b.emit("concat", {t}, {{"axis", int_attr(0)}});
    return main_module(b, {x}, z);
  };
  using B = Builder;
  EXPECT_FALSE(concat_is_view(joined([](B&, const Expr& x, const Expr& y, auto&) {
    return Tuple{{x, y}};
  }))) << "an input";
  EXPECT_FALSE(concat_is_view(joined([](B&, const Expr& x, const Expr& y, auto& reshape) {
    return Tuple{{reshape(x), y}};
  }))) << "a reshaped input";
  EXPECT_FALSE(concat_is_view(joined([](B&, const Expr&, const Expr& y, auto&) {
    return Tuple{{y, y}};
  }))) << "twice the same";
  EXPECT_FALSE(concat_is_view(joined([](B&, const Expr&, const Expr& y, auto& reshape) {
    return Tuple{{reshape(y), reshape(y)}};
  }))) << "twice the same through reshapes";
  EXPECT_TRUE(concat_is_view(joined([](B& b, const Expr& x, const Expr& y, auto& reshape) {
    return Tuple{{reshape(y), b.emit("abs", {x})}};
  })));
}

}  // namespace
}  // namespace tenon::relax
