// storage_align(block, 0, axis, factor, offset): the stride of that axis becomes k * factor +
// offset.
//
// Kept as the annotation buffer_dim_align = [[buffer, axis, factor, offset], ...] of the block.
#include "compiler/schedule/primitives.h"
#include "compiler/schedule/rewrite.h"
#include "compiler/schedule/scopes.h"
#include "compiler/support/text.h"

namespace tenon {

using namespace tir;

namespace {

std::int64_t item_at(const AttrValue& item, std::size_t i) {
  const auto* list = std::get_if<AttrValue::List>(&item.value);
  const auto* number =
      list && i < list->size() ? std::get_if<std::int64_t>(&(*list)[i].value) : nullptr;
  return number ? *number : -1;
}

AttrValue with_entry(const AttrMap& annotations, const StorageAlignArgs& args, std::int64_t axis) {
  AttrValue::List entries;
  if (auto it = annotations.find("buffer_dim_align"); it != annotations.end()) {
    if (const auto* old = std::get_if<AttrValue::List>(&it->second.value)) entries = *old;
  }
  AttrValue entry{AttrValue::List{{args.buffer_index}, {axis}, {args.factor}, {args.offset}}};
  for (AttrValue& old : entries) {
    if (item_at(old, 0) != args.buffer_index || item_at(old, 1) != axis) continue;
    old = entry;
    return {entries};
  }
  entries.push_back(entry);
  return {entries};
}

}  // namespace

Schedule storage_align(const Schedule& schedule, const StorageAlignArgs& args) {
  Site site = site_of(schedule, args.block);
  const std::string what = str_cat("storage_align(", site.block().name, ", ", args.buffer_index,
                                   ", ", args.axis, ", ", args.factor, ", ", args.offset, ")");
  Buffer buffer = written_buffer(schedule, site, args.buffer_index, what);
  auto rank = static_cast<std::int64_t>(node(buffer).shape.size());
  std::int64_t axis = args.axis < 0 ? args.axis + rank : args.axis;
  if (axis < 0 || axis >= rank) {
    schedule_error(schedule, site,
                   str_cat(what, ": buffer ", node(buffer).name, " has ", rank, " axes, axis ",
                           args.axis, " is none of them"));
  }
  if (args.factor <= 0) {
    schedule_error(schedule, site, str_cat(what, ": factor ", args.factor, " is not positive"));
  }
  if (!allocating_block(site.path.front(), buffer)) {
    schedule_error(schedule, site,
                   what + ": buffer " + node(buffer).name + " is not allocated by a block");
  }
  AttrValue value = with_entry(site.block().annotations, args, axis);
  return replace(schedule, site, edit_block(site.stmt(), [&](Block& b) {
                   b.annotations["buffer_dim_align"] = value;
                 }));
}

}  // namespace tenon
