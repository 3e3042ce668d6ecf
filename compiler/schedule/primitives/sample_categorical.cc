// sample_categorical([16, 64], [0.5, 0.5]): one of the candidates, by its index.
#include "compiler/schedule/primitives.h"
#include "compiler/support/error.h"

namespace tenon {

std::int64_t sample_categorical(const SampleCategoricalArgs& args, Rng& random) {
  if (args.candidates.empty() || args.candidates.size() != args.probabilities.size()) {
    throw UserError("sample_categorical: one probability is needed for each candidate");
  }
  double sum = 0;
  for (double p : args.probabilities) {
    if (!(p >= 0)) throw UserError("sample_categorical: a probability is negative");
    sum += p;
  }
  if (!(sum > 0)) throw UserError("sample_categorical: all probabilities are zero");
  return static_cast<std::int64_t>(random.weighted(args.probabilities));
}

}  // namespace tenon
