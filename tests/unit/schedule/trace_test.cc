#include "compiler/schedule/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "compiler/schedule/index_map_json.h"
#include "compiler/schedule/traced_schedule.h"
#include "compiler/support/error.h"
#include "compiler/tir/script/parser.h"
#include "compiler/tir/visit.h"

namespace tenon {
namespace {

using ::testing::HasSubstr;

constexpr const char* kAdd = R"(
from tvm.script import tirx as T

@T.prim_func(s_tir=True)
def main(A: T.Buffer((8, 6), "float32"), B: T.Buffer((8, 6), "float32")):
    for i, j in T.grid(8, 6):
        with T.sblock("B"):
            vi, vj = T.axis.remap("SS", [i, j])
            B[vi, vj] = A[vi, vj] + T.float32(1)
)";

template <class F>
std::string refusal(const F& f) {
  try {
    f();
  } catch (const UserError& error) {
    return error.what();
  }
  return "nothing refused";
}

TEST(Trace, IsWrittenAsItWasRead) {
  const std::string json =
      R"([[["GetSBlock",[],["B","main"],["b0"]],["GetLoops",["b0"],[],["l1","l2"]],)"
      R"(["SampleCategorical",[],[[0,16],[0.5,0.5]],["v3"]],["Annotate",["b0","\"SSRSRS\""],)"
      R"(["meta_schedule.tiling_structure"],[]],["Split",["l1","None",4],[true,false],)"
      R"(["l4","l5"]]],[[2,1]]])";
  EXPECT_EQ(to_json(parse_trace(json)), json);
}

TEST(Trace, RefusesWhatCannotBeFollowed) {
  EXPECT_THAT(refusal([] { parse_trace("[1"); }), HasSubstr("not valid JSON"));
  EXPECT_THAT(refusal([] { parse_trace("[[]]"); }), HasSubstr("[instructions, decisions]"));
  EXPECT_THAT(refusal([] { parse_trace(R"([[["GetLoops",["b0"],[],["l1"]]],[]])"); }),
              HasSubstr("no earlier step made \"b0\""));
  EXPECT_THAT(refusal([] {
                parse_trace(R"([[["GetSBlock",[],["B","main"],["b0"]],)"
                            R"(["GetSBlock",[],["B","main"],["b0"]]],[]])");
              }),
              HasSubstr("was made before"));
  EXPECT_THAT(refusal([] { parse_trace(R"([[["GetSBlock",[],["B"],["b0"]]],[]])"); }),
              HasSubstr("1 attributes, needed 2"));
  EXPECT_THAT(refusal([] { parse_trace(R"([[["Splt",[],[],[]]],[]])"); }),
              HasSubstr("did you mean Split"));
}

TEST(Trace, SimplifiedDropsUnusedPureSteps) {
  Trace trace = parse_trace(
      R"([[["GetSBlock",[],["B","main"],["b0"]],["SampleCategorical",[],[[1,2],[0.5,0.5]],["v1"]],)"
      R"(["GetLoops",["b0"],[],["l2","l3"]],["Unroll",["l2"],[],[]],["EnterPostproc",[],[],[]],)"
      R"(["Parallel",["l3"],[],[]]],[[1,0]]])");
  Trace simple = simplified(trace, /*remove_postproc=*/true);
  EXPECT_EQ(to_json(simple),
            R"([[["GetSBlock",[],["B","main"],["b0"]],["GetLoops",["b0"],[],["l2","l3"]],)"
            R"(["Unroll",["l2"],[],[]]],[]])");
}

TEST(Trace, RecordingAndReplayingGiveTheSameModule) {
  tir::TirModule module = tir::parse_module(kAdd);
  TracedSchedule traced(module);
  std::string block = traced.apply("GetSBlock", {}, {{std::string("B")}, {std::string("main")}})[0];
  auto loops = traced.apply("GetLoops", {{block}});
  ASSERT_EQ(loops.size(), 2U);
  Rng random(7);
  auto tile = traced.apply("SamplePerfectTile", {{loops[0]}},
                           {{std::int64_t{2}}, {std::int64_t{4}}}, {}, &random);
  traced.apply("Split", {{loops[0]}, {tile[0]}, {tile[1]}}, {{true}, {false}});
  EXPECT_EQ(tile, (std::vector<std::string>{"v3", "v4"}));
  Trace again = parse_trace(to_json(traced.trace()));
  EXPECT_TRUE(tir::structural_equal(replay(module, again), traced.schedule().module));
}

TEST(IndexMapJson, ReadsWhatItWrites) {
  tir::Expr i = tir::make_var("i", kInt32), j = tir::make_var("j", kInt32);
  IndexMap map{{i, j}, {floor_div(j, tir::i32(16)), i, floor_mod(j, tir::i32(16))}, {}, {}};
  IndexMap read = parse_index_map(to_json(map));
  Analyzer analyzer;
  EXPECT_TRUE(equivalent(map, read, analyzer));
}

TEST(IndexMapJson, RefusesBrokenGraphs) {
  EXPECT_THAT(refusal([] { parse_index_map(R"({"root_index":3,"nodes":[]})"); }),
              HasSubstr("there is no node 3"));
  EXPECT_THAT(refusal([] { parse_index_map(R"({"root_index":0,"nodes":[{"type":"None"}]})"); }),
              HasSubstr("found None, needed tirx.IndexMap"));
}

}  // namespace
}  // namespace tenon
