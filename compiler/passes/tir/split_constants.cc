#include <algorithm>
#include <set>

#include "compiler/passes/tir/passes.h"
#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "compiler/tir/visit.h"

namespace tenon {

using namespace tir;

namespace {

constexpr const char* kLayoutFree = "layout_free_buffers";

bool is_set(const AttrMap& map, const char* key) {
  const auto it = map.find(key);
  if (it == map.end()) return false;
  if (const auto* flag = std::get_if<bool>(&it->second.value)) return *flag;
  if (const auto* n = std::get_if<std::int64_t>(&it->second.value)) return *n != 0;
  const auto* e = std::get_if<Expr>(&it->second.value);
  return e && as_int(*e).value_or(0) != 0;
}

// The name of a marked block below the statement, or "".
std::string marked_block(const Stmt& s) {
  std::string name;
  walk(s, {.stmt = [&](const Stmt& x) {
         const auto* n = x.as<Block>();
         if (n && (is_set(n->annotations, "constant") ||
                   is_set(n->annotations, "meta_schedule.layout_rewrite_preproc"))) {
           name = n->name;
         }
         return name.empty();
       }});
  return name;
}

std::set<std::int64_t> layout_free_params(const PrimFunc& func) {
  std::set<std::int64_t> result;
  const auto it = func.attrs.find(kLayoutFree);
  const auto* list =
      it == func.attrs.end() ? nullptr : std::get_if<AttrValue::List>(&it->second.value);
  if (!list) return result;
  for (const AttrValue& item : *list) {
    if (const auto* n = std::get_if<std::int64_t>(&item.value)) result.insert(*n);
    const auto* e = std::get_if<Expr>(&item.value);
    if (e && as_int(*e)) result.insert(*as_int(*e));
  }
  return result;
}

bool contains(const std::vector<Buffer>& list, const Buffer& b) {
  return std::any_of(list.begin(), list.end(), [&](const Buffer& x) { return x.same_as(b); });
}

// The statements of the root block, those that compute constants apart.
class Splitter {
 public:
  explicit Splitter(const PrimFunc& func) : func_(func), root_(root_block(func)) {
    const std::set<std::int64_t> indices = layout_free_params(func);
    for (std::size_t i = 0; i < func.params.size(); ++i) {
      if (indices.count(static_cast<std::int64_t>(i))) known_.push_back(func.params[i].buffer);
    }
    const auto* list = root_.body.as<Seq>();
    for (const Stmt& s : list ? list->body : std::vector<Stmt>{root_.body}) add(s);
  }

  ConstantSplit result() const {
    if (constant_.empty()) return {func_, std::nullopt};
    const std::vector<Buffer> made = buffers_written(seq(constant_));
    const std::vector<Buffer> read = buffers_read(seq(kept_));
    std::vector<Buffer> outputs;
    for (const Buffer& b : made) {
      if (contains(read, b)) outputs.push_back(b);
    }
    return {main_function(made, read, outputs), constants_function(made, outputs)};
  }

 private:
  void add(const Stmt& s) {
    const std::string name = marked_block(s);
    if (name.empty()) {
      kept_.push_back(s);
      return;
    }
    const std::vector<Buffer> own = buffers_written(s);
    for (const Buffer& b : buffers_read(s)) {
      if (contains(known_, b) || contains(own, b)) continue;
      throw UserError(str_cat("block ", name, " is marked constant, but reads ", node(b).name,
                              ", which is neither a layout-free parameter nor such a constant"));
    }
    known_.insert(known_.end(), own.begin(), own.end());
    constant_.push_back(s);
  }

  Stmt root_with(const std::vector<Stmt>& body, const std::vector<Buffer>& allocated) const {
    Block block = root_;
    block.body = seq(body);
    block.alloc_buffers = allocated;
    return block;
  }

  static Param param_of(const Buffer& b) { return {node(b).data, b}; }

  // Constants come behind the parameters that are left; they are layout-free themselves.
  PrimFunc main_function(const std::vector<Buffer>& made, const std::vector<Buffer>& read,
                         const std::vector<Buffer>& outputs) const {
    const std::vector<Buffer> written = buffers_written(seq(kept_));
    const std::set<std::int64_t> free = layout_free_params(func_);
    PrimFunc func = func_;
    func.params.clear();
    AttrValue::List layout_free;
    for (std::size_t i = 0; i < func_.params.size(); ++i) {
      const Param& param = func_.params[i];
      const bool is_free = free.count(static_cast<std::int64_t>(i)) != 0;
      if (is_free && !contains(read, param.buffer) && !contains(written, param.buffer)) continue;
      if (is_free) layout_free.push_back({static_cast<std::int64_t>(func.params.size())});
      func.params.push_back(param);
    }
    for (const Buffer& b : outputs) {
      layout_free.push_back({static_cast<std::int64_t>(func.params.size())});
      func.params.push_back(param_of(b));
    }
    func.attrs[kLayoutFree] = AttrValue{layout_free};
    std::vector<Buffer> allocated;
    for (const Buffer& b : root_.alloc_buffers) {
      if (!contains(made, b)) allocated.push_back(b);
    }
    func.body = root_with(kept_, allocated);
    return func;
  }

  PrimFunc constants_function(const std::vector<Buffer>& made,
                              const std::vector<Buffer>& outputs) const {
    PrimFunc func = func_;
    func.params.clear();
    func.attrs.erase(kLayoutFree);
    const std::vector<Buffer> read = buffers_read(seq(constant_));
    for (const Param& param : func_.params) {
      if (param.buffer && contains(read, param.buffer)) func.params.push_back(param);
    }
    for (const Buffer& b : outputs) func.params.push_back(param_of(b));
    std::vector<Buffer> allocated;
    for (const Buffer& b : made) {
      if (!contains(outputs, b)) allocated.push_back(b);
    }
    func.body = root_with(constant_, allocated);
    return func;
  }

  const PrimFunc& func_;
  const Block& root_;
  std::vector<Buffer> known_;  // constants by themselves or made from constants
  std::vector<Stmt> kept_, constant_;
};

}  // namespace

ConstantSplit split_constants(const PrimFunc& func) { return Splitter(func).result(); }

}  // namespace tenon
