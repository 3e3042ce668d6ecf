#include "database/store.h"

#include <filesystem>
#include <future>
#include <utility>

#include "compiler/support/error.h"
#include "compiler/support/files.h"
#include "compiler/support/text.h"
#include "database/sqlite/open.h"
#include "database/store_state.h"

namespace tenon::database {
namespace {

constexpr std::int64_t kPageBytes = 8192;

// Before any grant of this process can be made, the number it will carry is on disk.
std::int64_t begin_epoch(Connection& connection) {
  connection.run("BEGIN IMMEDIATE");
  connection.run(
      "INSERT INTO meta(k, v) VALUES('tracker_epoch', '1') "
      "ON CONFLICT(k) DO UPDATE SET v = CAST(CAST(v AS INTEGER) + 1 AS TEXT)");
  connection.run("INSERT OR REPLACE INTO meta(k, v) VALUES('clean_shutdown', '0')");
  const auto epoch =
      connection.integer("SELECT CAST(v AS INTEGER) FROM meta WHERE k = 'tracker_epoch'");
  connection.run("COMMIT");
  connection.throw_if_failed();
  return epoch.value_or(0);
}

std::unique_ptr<GroupCommitter> open_committer(const StoreOptions& options, std::int64_t& epoch) {
  auto connection = open_writer(options.path);
  connection->set_busy_timeout(options.busy_timeout_ms);
  epoch = begin_epoch(*connection);
  if (options.max_bytes > 0) {
    connection->script(str_cat("PRAGMA max_page_count = ", options.max_bytes / kPageBytes));
  }
  connection->throw_if_failed();
  return std::make_unique<GroupCommitter>(std::move(connection), WriteContext{epoch});
}

// A snapshot for the time of one read.
class ReadTransaction {
 public:
  explicit ReadTransaction(Connection& connection) : connection_(connection) {
    connection_.run("BEGIN");
  }
  ~ReadTransaction() {
    connection_.clear_error();
    if (connection_.in_transaction()) connection_.run("ROLLBACK");
  }
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  Connection& connection_;
};

}  // namespace

Store::Store() : state_(std::make_unique<State>()) {}

Store::~Store() {
  state_->idle_readers.clear();
  if (state_->inline_committer) state_->inline_committer->close();
}

std::unique_ptr<Store> Store::open(const StoreOptions& options) {
  const bool is_memory = options.path == ":memory:";
  CHECK(!is_memory || (options.commit_inline && options.mode == StoreMode::kWrite))
      << ":memory: is for inline writing";
  CHECK(options.max_group > 0 && options.max_pending > 0 && options.commit_window_ms >= 0);
  std::unique_ptr<Store> store(new Store());
  State& state = *store->state_;
  state.options = options;
  const FileKind kind = is_memory ? FileKind{} : inspect_file(options.path, kSchemaVersion);
  if (options.mode == StoreMode::kRead) {
    if (kind.is_empty) {
      throw UserError(str_cat("no database at ", options.path),
                      "`tenon tune` makes one; `tenon import` makes one from a log");
    }
    state.idle_readers.push_back(open_reader(options.path));
    return store;
  }
  if (!is_memory) {
    const auto parent = std::filesystem::path(options.path).parent_path();
    if (!parent.empty()) make_directories(parent, 0700);
    state.lock.emplace(options.path);
  }
  auto committer = open_committer(options, state.epoch);
  if (state.lock) state.lock->describe(state.epoch);
  if (options.commit_inline) {
    state.inline_committer = std::move(committer);
  } else {
    state.writer = std::make_unique<Writer>(
        std::move(committer),
        WriterLimits{options.commit_window_ms, options.max_group, options.max_pending});
  }
  return store;
}

void Store::write(Write write, std::function<void(const Written&)> done) {
  CHECK(state_->options.mode == StoreMode::kWrite) << "the store is open for reading";
  if (state_->writer) {
    state_->writer->write({std::move(write), std::move(done)}, /*urgent=*/false);
    return;
  }
  const std::lock_guard lock(state_->inline_mutex);
  std::vector<PendingWrite> group;
  group.push_back({std::move(write), std::move(done)});
  state_->inline_committer->commit(group);
  state_->inline_committer->checkpoint_if_due();
}

Written Store::write_sync(Write write) {
  CHECK(state_->options.mode == StoreMode::kWrite) << "the store is open for reading";
  std::promise<Written> promise;
  std::future<Written> future = promise.get_future();
  auto done = [&promise](const Written& written) { promise.set_value(written); };
  if (state_->writer) {
    state_->writer->write({std::move(write), std::move(done)}, /*urgent=*/true);
  } else {
    this->write(std::move(write), std::move(done));
  }
  Written written = future.get();
  if (written.disposition == Disposition::kRejected) throw UserError(written.error);
  if (written.disposition == Disposition::kFailed) throw IoError(written.error);
  return written;
}

void Store::flush() {
  if (state_->writer) state_->writer->flush();
}

std::int64_t Store::epoch() const { return state_->epoch; }

std::string Store::failure() const {
  if (state_->writer) return state_->writer->failure();
  const std::lock_guard lock(state_->inline_mutex);
  return state_->inline_committer ? state_->inline_committer->failure() : std::string();
}

const std::string& Store::path() const { return state_->options.path; }

void Store::with_connection(const std::function<void(Connection&)>& read) const {
  if (state_->inline_committer) {
    const std::lock_guard lock(state_->inline_mutex);
    Connection& connection = state_->inline_committer->connection();
    read(connection);
    connection.throw_if_failed();
    return;
  }
  std::unique_ptr<Connection> connection;
  {
    const std::lock_guard lock(state_->readers_mutex);
    if (!state_->idle_readers.empty()) {
      connection = std::move(state_->idle_readers.back());
      state_->idle_readers.pop_back();
    }
  }
  if (!connection) connection = open_reader(state_->options.path);
  {
    const ReadTransaction snapshot(*connection);
    read(*connection);
    connection->throw_if_failed();
  }
  // One that threw is not given back.
  const std::lock_guard lock(state_->readers_mutex);
  state_->idle_readers.push_back(std::move(connection));
}

}  // namespace tenon::database
