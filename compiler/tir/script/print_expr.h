// The expression half of the printer: one text for each kind of expression, buffer argument and
// attribute value, with names taken from a table that the statements keep.
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/ir/script/printer_core.h"
#include "compiler/tir/stmt.h"

namespace tenon::tir {

class ExprPrinter {
 public:
  ExprPrinter();

  script::ExprText print(const Expr& e);
  std::string text(const Expr& e) { return print(e).text; }
  std::vector<std::string> texts(const std::vector<Expr>& list);

  // "A[i, 0:16]" and its parts. A store writes vectors as slices.
  std::string buffer_name(const Buffer& buffer);
  std::string region(const BufferRegion& region);
  std::string element(const Buffer& buffer, const std::vector<Expr>& indices, bool is_store);
  // min + extent as the end of a range.
  std::string range_end(const Expr& min, const Expr& extent);

  std::string attr(const AttrValue& value);
  std::string attr_map(const AttrMap& map);

  // Gives the buffer a name, and texts to its data, strides and offset where these are its own.
  std::string define_buffer(const Buffer& buffer);
  // The keyword arguments behind the shape: dtype, data, strides, scope, align, offset_factor.
  struct BufferForm {
    bool always_dtype = false;
    bool data = false;
    bool scope = true;
  };
  std::string buffer_arguments(const Buffer& buffer, const std::string& shape, BufferForm form);

  script::NameTable names;
  DataType plain_integer = kInt32;            // integers of this type are bare digits
  std::set<const void*> scalars;              // buffers written as plain names
  std::map<const void*, Buffer> data_owners;  // data variable -> the first buffer over it

 private:
  script::ExprText integer(const IntImm& n);
  script::ExprText infix_text(const Expr& a, std::string_view sign, const Expr& b,
                              script::Level level);
  script::ExprText binary_text(const Binary& n);
  script::ExprText call_text(const Call& n);
  script::ExprText let_text(const Let& n);
  std::string name_of(const Expr& variable);
  std::string index(const Expr& e, bool is_store);
  std::string reducer(const AttrValue& value);
  std::string index_map(const AttrValue& value);
  std::string word(std::string_view name, const std::vector<std::string>& args);
};

// "\"float32\"", or T.handle().ty for pointers.
std::string dtype_text(DataType type);
// "T.float32", "T.handle(\"float32\", \"global\")": the annotation of a variable.
std::string annotation_text(const Var& v);

}  // namespace tenon::tir
