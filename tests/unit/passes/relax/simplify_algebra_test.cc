#include "tests/unit/passes/relax/passes_fixture.h"

namespace tenon::relax {
namespace {

// What a rule leaves of the bindings between input and the one relu at the end.
struct Simplified {
  Module before, after;
  int left() const {
    const Module live = remove_dead_code(after);
    return static_cast<int>(bindings_of(live).size()) - 1;
  }
};

template <class F>
Simplified simplified(const std::vector<std::int64_t>& shape, F&& body) {
  Builder b;
  const Expr x = param("x", shape);
  const Expr y = body(b, x);
  Module before = main_module(b, {x}, b.emit("nn.relu", {y}));
  Module after = simplify_algebra(before);
  return {before, after};
}

Expr shape_of_dims(const std::vector<std::int64_t>& dims) {
  ShapeExpr e;
  for (const std::int64_t dim : dims) e.values.push_back(tir::i64(dim));
  return e;
}

void expect_left(const Simplified& s, int bindings, const std::string& what = "") {
  EXPECT_EQ(s.left(), bindings) << what;
  EXPECT_EQ(difference(s.before, s.after), "") << what;
}

TEST(SimplifyAlgebra, NeutralElementsGo) {
  for (const auto& [op, value] : std::vector<std::pair<std::string, float>>{
           {"add", 0}, {"subtract", 0}, {"multiply", 1}, {"divide", 1}}) {
    const auto s = simplified({2, 3}, [&](Builder& b, const Expr& x) {
      return b.emit(op, {x, float_constant({3}, {value, value, value})});
    });
    expect_left(s, 0, op);
  }
}

TEST(SimplifyAlgebra, NeutralElementsOnTheLeftGoWhereTheOperatorCommutes) {
  for (const auto& [op, value, left] : std::vector<std::tuple<std::string, float, int>>{
           {"add", 0, 0}, {"multiply", 1, 0}, {"subtract", 0, 1}, {"divide", 1, 1}}) {
    const auto s = simplified({2}, [&](Builder& b, const Expr& x) {
      return b.emit(op, {float_constant({1}, {value}), x});
    });
    expect_left(s, left, op);
  }
}

TEST(SimplifyAlgebra, ANeutralElementThatWidensTheResultStays) {
  const auto s = simplified({1, 3}, [](Builder& b, const Expr& x) {
    return b.emit("add", {x, float_constant({2, 1}, {0, 0})});
  });
  expect_left(s, 1);
}

TEST(SimplifyAlgebra, OtherConstantsStay) {
  const auto s = simplified({2}, [](Builder& b, const Expr& x) {
    return b.emit("add", {x, float_constant({2}, {0, 1})});
  });
  expect_left(s, 1);
}

TEST(SimplifyAlgebra, IdentityAndCastToTheSameTypeGo) {
  const auto s = simplified({2}, [](Builder& b, const Expr& x) {
    const Expr y = b.emit("identity", {x});
    return b.emit("astype", {y}, {{"dtype", string_attr("float32")}});
  });
  expect_left(s, 0);
}

TEST(SimplifyAlgebra, CastsThatRoundStay) {
  const auto s = simplified({2}, [](Builder& b, const Expr& x) {
    const Expr y = b.emit("astype", {x}, {{"dtype", string_attr("int32")}});
    return b.emit("astype", {y}, {{"dtype", string_attr("float32")}});
  });
  expect_left(s, 2);
}

TEST(SimplifyAlgebra, ReshapesMerge) {
  const auto back = simplified({2, 3}, [](Builder& b, const Expr& x) {
    const Expr y = b.emit("reshape", {x, shape_of_dims({6})});
    return b.emit("reshape", {y, shape_of_dims({2, 3})});
  });
  expect_left(back, 0);
  const auto chain = simplified({2, 3, 1}, [](Builder& b, const Expr& x) {
    Expr y = b.emit("squeeze", {x}, {{"axis", ints_attr({2})}});
    y = b.emit("flatten", {y}, {{"axis", int_attr(0)}});
    y = b.emit("expand_dims", {y}, {{"axis", ints_attr({0})}});
    return b.emit("reshape", {y, shape_of_dims({3, 2})});
  });
  expect_left(chain, 1);
}

TEST(SimplifyAlgebra, PermutationsCompose) {
  const auto back = simplified({2, 3, 4}, [](Builder& b, const Expr& x) {
    const Expr y = b.emit("permute_dims", {x}, {{"axes", ints_attr({2, 0, 1})}});
    return b.emit("permute_dims", {y}, {{"axes", ints_attr({1, 2, 0})}});
  });
  expect_left(back, 0);
  const auto twice = simplified({2, 3, 4}, [](Builder& b, const Expr& x) {
    const Expr y = b.emit("permute_dims", {x}, {{"axes", ints_attr({2, 0, 1})}});
    return b.emit("permute_dims", {y}, {{"axes", ints_attr({2, 0, 1})}});
  });
  expect_left(twice, 1);
  const auto reversed = simplified({2, 3, 4}, [](Builder& b, const Expr& x) {
    return b.emit("permute_dims", {b.emit("permute_dims", {x})});
  });
  expect_left(reversed, 0);
}

TEST(SimplifyAlgebra, ConcatOfOnePartIsThePart) {
  const auto s =
      simplified({2}, [](Builder& b, const Expr& x) { return b.emit("concat", {Tuple{{x}}}); });
  expect_left(s, 0);
}

TEST(SimplifyAlgebra, ClipWithoutBoundsGoesWithOneStays) {
  const auto open = simplified({2}, [](Builder& b, const Expr& x) { return b.emit("clip", {x}); });
  expect_left(open, 0);
  const auto half = simplified({2}, [](Builder& b, const Expr& x) {
    return b.emit("clip", {x}, {{"max", float_attr(0.25)}});
  });
  expect_left(half, 1);
}

TEST(SimplifyAlgebra, LeakyReluWithoutSlopeIsRelu) {
  const auto s = simplified({8}, [](Builder& b, const Expr& x) {
    return b.emit("nn.leakyrelu", {x}, {{"alpha", float_attr(0)}});
  });
  EXPECT_EQ(count_ops(s.after, "nn.relu"), 2);
  expect_left(s, 1);
}

TEST(SimplifyAlgebra, LayoutsCancelAndMerge) {
  const auto transform = [](Builder& b, const Expr& x, const char* from, const char* to) {
    return b.emit("layout_transform", {x},
                  {{"src_layout", string_attr(from)}, {"dst_layout", string_attr(to)}});
  };
  const auto back = simplified({1, 8, 2, 2}, [&](Builder& b, const Expr& x) {
    return transform(b, transform(b, x, "NCHW", "NCHW4c"), "NCHW4c", "NCHW");
  });
  expect_left(back, 0);
  const auto merged = simplified({1, 8, 2, 2}, [&](Builder& b, const Expr& x) {
    return transform(b, transform(b, x, "NCHW", "NCHW4c"), "NCHW4c", "NCHW8c");
  });
  expect_left(merged, 1);
  const auto pixel = simplified(
      {2, 8, 1, 1}, [&](Builder& b, const Expr& x) { return transform(b, x, "NCHW", "NCHW4c"); });
  EXPECT_EQ(count_ops(pixel.after, "reshape"), 1);
  expect_left(pixel, 1);
}

TEST(SimplifyAlgebra, ChecksKeepTheirNames) {
  Builder b;
  const Expr x = param("x", {2});
  const Module before = main_module(b, {x}, b.match_cast(x, float_type({2}), "checked"));
  EXPECT_EQ(var(bindings_of(simplify_algebra(before))[0].var).name, "checked");
}

}  // namespace
}  // namespace tenon::relax
