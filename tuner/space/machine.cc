#include "tuner/space/machine.h"

namespace tenon {

Machine machine_of(const Target& target) {
  Machine machine;
  machine.lanes = target.vector_lanes(32);
  machine.registers = target.num_vector_registers();
  if (target.caches.l1d_bytes > 0) machine.l1_bytes = target.caches.l1d_bytes;
  if (target.caches.l2_bytes > 0) machine.l2_bytes = target.caches.l2_bytes;
  return machine;
}

}  // namespace tenon
