#include "compiler/tir/stmt.h"

#include "compiler/support/error.h"

namespace tenon::tir {

const PrimFunc* TirModule::find(const std::string& name) const {
  for (const auto& [key, func] : functions) {
    if (key == name) return &func;
  }
  return nullptr;
}

Stmt seq(std::vector<Stmt> body) {
  std::vector<Stmt> flat;
  for (Stmt& s : body) {
    if (!s) continue;
    if (const auto* inner = s.as<Seq>()) {
      flat.insert(flat.end(), inner->body.begin(), inner->body.end());
    } else {
      flat.push_back(std::move(s));
    }
  }
  if (flat.empty()) return Evaluate{i32(0)};
  if (flat.size() == 1) return flat.front();
  return Seq{std::move(flat)};
}

Stmt store(Buffer buffer, std::vector<Expr> indices, Expr value, Expr predicate) {
  CHECK(indices.size() == node(buffer).shape.size())
      << "buffer " << node(buffer).name << " has " << node(buffer).shape.size()
      << " dimensions, the store has " << indices.size() << " indices";
  return Store{std::move(buffer), std::move(indices), std::move(value), std::move(predicate)};
}

const Block& root_block(const PrimFunc& func) {
  const auto* block = func.body.as<Block>();
  if (!block) {
    throw UserError(
        "function has no root block: only functions written with s_tir=True can be "
        "scheduled");
  }
  return *block;
}

PrimFunc with_body(PrimFunc func, Stmt body) {
  func.body = std::move(body);
  return func;
}

}  // namespace tenon::tir
