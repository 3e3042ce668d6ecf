#include "tests/sim/model_client.h"

#include "compiler/support/text.h"

namespace tenon::sim {

rpc::Hash ModelClient::job() { return rpc::sha256("the job"); }

bool ModelClient::is_done() const {
  const auto total = static_cast<std::uint64_t>(scenario_.batches) *
                     static_cast<std::uint64_t>(scenario_.batch_size);
  return num_added_ == scenario_.batches && next_rseq_ == total + 1;
}

void ModelClient::forget() {
  is_submitted_ = false;
  num_added_ = 0;
  next_rseq_ = 1;
}

void ModelClient::session_opened(const rpc::Welcome&) {
  if (is_submitted_) send(rpc::Subscribe{job(), next_rseq_, 8, false});
  ask();
}

void ModelClient::look_around() {
  if (clockwork_.now_ms() - asked_ms_ < kAskAgainMs) return;
  ask();
  // An EVENTS message may have been lost with nothing after it to show the gap.
  if (is_submitted_ && !is_done()) send(rpc::Subscribe{job(), next_rseq_, 8, false});
}

void ModelClient::ask() {
  asked_ms_ = clockwork_.now_ms();
  if (!is_submitted_) {
    rpc::Submit submit;
    submit.job = job();
    submit.manifest = "{}";
    submit.seeds = {1, 2};
    submit.needs = {"x86_64"};
    send(submit);
  } else if (num_added_ < scenario_.batches) {
    send(batch(num_added_));
  }
}

rpc::Add ModelClient::batch(int number) const {
  rpc::Add add;
  add.job = job();
  add.batch = static_cast<std::uint64_t>(number);
  for (int w = 0; w < 2; ++w) {
    const std::string text = str_cat("workload ", w);
    add.workloads.push_back({rpc::sha256(text), text, "llvm", 1});
  }
  for (int i = 0; i < scenario_.batch_size; ++i) {
    add.candidates.push_back(
        {static_cast<std::uint32_t>(i % 2), str_cat("[", number, ",", i, "]"), 0});
  }
  return add;
}

void ModelClient::received(const Envelope& envelope) {
  if (std::holds_alternative<rpc::Accepted>(envelope.message) && !is_submitted_) {
    is_submitted_ = true;
    send(rpc::Subscribe{job(), next_rseq_, 8, false});
    ask();
  } else if (const auto* added = std::get_if<rpc::Added>(&envelope.message)) {
    if (added->batch != static_cast<std::uint64_t>(num_added_)) return;
    ++num_added_;
    ask();
  } else if (const auto* events = std::get_if<rpc::Events>(&envelope.message)) {
    take(*events);
  } else if (const auto* error = std::get_if<rpc::ErrorMessage>(&envelope.message)) {
    if (error->code != rpc::ErrorCode::kStore && error->code != rpc::ErrorCode::kNotFound) {
      violation_ = "the tracker refused the client: " + error->text;
    }
  }
}

void ModelClient::take(const rpc::Events& events) {
  for (const rpc::CandidateResult& result : events.results) {
    const CandidateName name{result.batch, result.index};
    const auto [known, is_new] = results_.emplace(result.rseq, name);
    if (known->second != name) violation_ = str_cat("result ", result.rseq, " of the job changed");
    if (result.rseq > next_rseq_) {
      send(rpc::Subscribe{job(), next_rseq_, 8, false});
      return;
    }
    if (result.rseq == next_rseq_) ++next_rseq_;
  }
  send(rpc::EventAck{job(), next_rseq_ - 1});
}

}  // namespace tenon::sim
