#include <optional>

#include "compiler/passes/tir/linear.h"
#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

constexpr std::int64_t kLineBytes = 64;

struct Request {
  std::int64_t read, distance, locality;
};

std::int64_t number(const AttrValue& value) {
  if (const auto* n = std::get_if<std::int64_t>(&value.value)) return *n;
  const auto* e = std::get_if<Expr>(&value.value);
  const auto n = e ? as_int(*e) : std::nullopt;
  if (!n) throw UserError("prefetch: [[read, distance, locality], ...] are whole numbers");
  return *n;
}

std::vector<Request> requests_of(const For& loop) {
  const auto it = loop.annotations.find("prefetch");
  std::vector<Request> requests;
  if (it == loop.annotations.end()) return requests;
  const auto* rows = std::get_if<AttrValue::List>(&it->second.value);
  if (!rows) throw UserError("prefetch: needs a list [[read, distance, locality], ...]");
  for (const AttrValue& row : *rows) {
    const auto* fields = std::get_if<AttrValue::List>(&row.value);
    if (!fields || fields->size() != 3) {
      throw UserError("prefetch: each entry is [read, distance, locality]");
    }
    requests.push_back({number((*fields)[0]), number((*fields)[1]), number((*fields)[2])});
    if (requests.back().locality < 0 || requests.back().locality > 3) {
      throw UserError(
          str_cat("prefetch: locality ", requests.back().locality, " is not between 0 and 3"));
    }
  }
  return requests;
}

// One prefetch for each cache line that the body touches of the buffer, `distance` turns ahead.
void add_prefetches(const For& loop, const Buffer& buffer, const Request& request,
                    std::vector<Stmt>& list) {
  const std::int64_t per_line = kLineBytes / node(buffer).dtype.size_bytes();
  std::vector<LinearSum> asked;
  const auto ask = [&](const Expr& index) {
    const auto* lanes = index.as<Ramp>();
    LinearSum sum = linear_sum(lanes ? lanes->base : index);
    sum.constant = sum.constant / per_line * per_line;
    for (const LinearSum& other : asked) {
      if (other.constant == sum.constant &&
          structural_equal(to_expr(other, kInt64), to_expr(sum, kInt64))) {
        return;
      }
    }
    asked.push_back(sum);
    const Expr ahead = loop.var + int_imm(dtype_of(loop.var), request.distance);
    const Expr at = canonical_index(substitute(to_expr(sum, kInt64), {{loop.var, ahead}}));
    const Expr address = call(Intrinsic::kAddressOf, kHandleType, {load(buffer, {at})});
    list.push_back(Evaluate{
        call(Intrinsic::kPrefetch, kInt32, {address, i32(0), i32(request.locality), i32(1)})});
  };
  walk(loop.body, {.expr = [&](const Expr& e) {
         const auto* n = e.as<Load>();
         if (n && n->buffer.same_as(buffer)) ask(n->indices[0]);
         return true;
       }});
}

// Buffers read in the loop that live in memory, numbered in order of first use.
std::vector<Buffer> memory_reads(const Stmt& body) {
  std::vector<Buffer> result;
  for (const Buffer& b : buffers_read(body)) {
    if (node(b).scope != "local") result.push_back(b);
  }
  return result;
}

Stmt lower(const Stmt& s) {
  const auto* n = s.as<For>();
  if (!n || !n->annotations.count("prefetch")) return s;
  For loop = *n;
  loop.annotations.erase("prefetch");
  const std::vector<Buffer> reads = memory_reads(n->body);
  std::vector<Stmt> list;
  for (const Request& request : requests_of(*n)) {
    if (request.read < 0 || request.read >= static_cast<std::int64_t>(reads.size())) {
      throw UserError(str_cat("prefetch: loop ", var(n->var).name, " reads ", reads.size(),
                              " buffers, there is no read ", request.read));
    }
    add_prefetches(loop, reads[static_cast<std::size_t>(request.read)], request, list);
  }
  list.push_back(n->body);
  loop.body = seq(std::move(list));
  return loop;
}

}  // namespace

PrimFunc prefetch(const PrimFunc& func) {
  return with_body(func, rewrite(func.body, {.stmt = lower}));
}

}  // namespace tenon
