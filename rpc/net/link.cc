#include "rpc/net/link.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "compiler/support/error.h"
#include "compiler/support/text.h"
#include "rpc/net/socket.h"
#include "rpc/net/wakeup.h"
#include "rpc/wire/frame.h"

namespace tenon::rpc {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kGoodbyeMs = 200;

std::uint64_t now_as_incarnation() {
  return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
}

// The socket of one attempt to be connected, and what it has seen.
struct Connection {
  Connection(Context& context, const LinkOptions& options)
      : socket(context, Socket::Kind::kDealer) {
    socket.use_client_key(options.key);
    socket.set_limits();
    monitor.emplace(context, socket);
    socket.connect(options.url);
  }

  Socket socket;
  std::optional<Monitor> monitor;
  bool is_ready = false;  // handshake done
  std::uint64_t last_seq_in = 0;
  Clock::time_point hello_at{};
  Clock::time_point heard_at = Clock::now();
  Clock::time_point sent_at = Clock::now();
};

}  // namespace

struct Link::State {
  explicit State(LinkOptions given) : options(std::move(given)) {
    if (options.hello.incarnation == 0) options.hello.incarnation = now_as_incarnation();
    why = str_cat("no tracker answers at ", options.url);
  }

  // --- any thread, under mutex ---
  std::uint64_t send(const Message& message);
  void push(LinkEvent event);
  void go_down(const std::string& reason);
  std::optional<LinkEvent> next(int timeout_ms);

  // --- the link's thread ---
  void run();
  void step();
  int poll_timeout_ms() const;
  void watch_connection();
  void say_hello();
  void read_messages();
  void handle(const Header& header, Message message);
  void flush_outgoing();
  void check_timers();
  void reconnect(const std::string& reason);
  bool has_room();
  bool is_up() const;
  bool send_now(const Message& message, std::uint64_t seq);
  void say_goodbye();

  LinkOptions options;
  Context context;
  Wakeup wake_thread;
  std::optional<Connection> connection;
  bool has_failed = false;  // refused for good

  mutable std::mutex mutex;
  std::condition_variable has_event;
  Wakeup wake_owner;
  std::deque<LinkEvent> incoming;
  std::deque<std::pair<std::uint64_t, Message>> outgoing;
  std::uint64_t next_seq = 1;
  std::optional<Welcome> welcome;  // while the session is open
  std::string why;
  bool is_stopping = false;
  std::thread thread;
};

std::uint64_t Link::State::send(const Message& message) {
  const std::lock_guard lock(mutex);
  if (!welcome || outgoing.size() >= options.max_queued) return 0;
  outgoing.emplace_back(next_seq, message);
  wake_thread.set();
  return next_seq++;
}

void Link::State::push(LinkEvent event) {
  const std::lock_guard lock(mutex);
  incoming.push_back(std::move(event));
  wake_owner.set();
  has_event.notify_one();
}

void Link::State::go_down(const std::string& reason) {
  const std::lock_guard lock(mutex);
  why = reason;
  outgoing.clear();
  if (!welcome) return;
  welcome.reset();
  incoming.push_back(LinkDown{reason});
  wake_owner.set();
  has_event.notify_one();
}

std::optional<LinkEvent> Link::State::next(int timeout_ms) {
  std::unique_lock lock(mutex);
  const auto is_there = [this] { return !incoming.empty(); };
  if (timeout_ms < 0) {
    has_event.wait(lock, is_there);
  } else if (!has_event.wait_for(lock, milliseconds(timeout_ms), is_there)) {
    return std::nullopt;
  }
  LinkEvent event = std::move(incoming.front());
  incoming.pop_front();
  if (incoming.empty()) wake_owner.clear();
  if (incoming.size() + 1 == options.max_queued) wake_thread.set();  // there is room again
  return event;
}

bool Link::State::has_room() {
  const std::lock_guard lock(mutex);
  return incoming.size() < options.max_queued;
}

bool Link::State::is_up() const {
  const std::lock_guard lock(mutex);
  return welcome.has_value();
}

void Link::State::run() {
  for (;;) {
    {
      const std::lock_guard lock(mutex);
      if (is_stopping) break;
    }
    if (has_failed) {
      wait_readable({}, wake_thread.fd(), -1);
      wake_thread.clear();
    } else {
      step();
    }
  }
  if (!has_failed) say_goodbye();
  connection.reset();
}

void Link::State::step() {
  std::vector<Socket*> sockets = {&connection->monitor->socket()};
  const bool is_reading = has_room();
  if (is_reading) sockets.push_back(&connection->socket);
  const Polled polled = wait_readable(sockets, wake_thread.fd(), poll_timeout_ms());
  if (polled.descriptor) wake_thread.clear();
  watch_connection();
  if (has_failed) return;
  if (is_reading) read_messages();
  if (has_failed) return;
  flush_outgoing();
  check_timers();
}

// Short while something waits for a full socket to drain, else a fraction of the shortest timer.
int Link::State::poll_timeout_ms() const {
  const std::lock_guard lock(mutex);
  return outgoing.empty() ? 100 : 5;
}

void Link::State::watch_connection() {
  while (const std::optional<ConnectionEvent> event = connection->monitor->receive()) {
    if (*event == ConnectionEvent::kReady) {
      connection->is_ready = true;
      say_hello();
    } else if (*event == ConnectionEvent::kRefused) {
      const std::string reason =
          str_cat("the tracker at ", options.url, " refuses this key (",
                  fingerprint(options.key.own.public_key), "): it is not authorised there");
      go_down(reason);
      has_failed = true;
      push(LinkRefused{reason});
      return;
    } else if (*event == ConnectionEvent::kHandshakeFailed) {
      go_down(str_cat("the handshake with ", options.url,
                      " failed: is it a tracker, and is its public key right?"));
    } else if (*event == ConnectionEvent::kDisconnected && connection->is_ready) {
      connection->is_ready = false;
      go_down(str_cat("the connection to ", options.url, " was lost"));
    }
  }
}

void Link::State::say_hello() {
  Hello hello = options.hello;
  if (options.before_hello) options.before_hello(hello);
  {
    const std::lock_guard lock(mutex);
    next_seq = 2;
    outgoing.clear();
  }
  connection->last_seq_in = 0;
  connection->hello_at = Clock::now();
  connection->heard_at = Clock::now();
  if (!send_now(hello, 1)) reconnect("HELLO could not be sent");
}

bool Link::State::send_now(const Message& message, std::uint64_t seq) {
  Header about{.seq = seq, .ack = connection->last_seq_in};
  {
    const std::lock_guard lock(mutex);
    about.session = welcome ? welcome->session : 0;
  }
  Frame frame = make_frame(message, about);
  if (connection->socket.send({std::move(frame.header), std::move(frame.body)}) != Sent::kYes)
    return false;
  connection->sent_at = Clock::now();
  return true;
}

void Link::State::read_messages() {
  while (has_room()) {
    const std::optional<Parts> parts = connection->socket.receive(2);
    if (!parts) return;
    if (parts->parts.size() != 2) continue;
    const auto header = decode_header(parts->parts[0]);
    const auto* good_header = std::get_if<Header>(&header);
    if (good_header == nullptr) {
      reconnect(str_cat("the tracker sent: ", std::get<Refusal>(header).text));
      return;
    }
    auto body = decode_body(*good_header, parts->parts[1]);
    connection->heard_at = Clock::now();
    connection->last_seq_in = std::max(connection->last_seq_in, good_header->seq);
    if (auto* message = std::get_if<Message>(&body)) {
      handle(*good_header, std::move(*message));
    } else if (std::get<Refusal>(body).code != ErrorCode::kUnsupported) {
      reconnect(str_cat("the tracker sent: ", std::get<Refusal>(body).text));
    }
    if (has_failed || !connection->is_ready) return;
  }
}

void Link::State::handle(const Header& header, Message message) {
  if (auto* found = std::get_if<Welcome>(&message)) {
    {
      const std::lock_guard lock(mutex);
      welcome = *found;
      why.clear();
    }
    push(LinkUp{std::move(*found)});
    return;
  }
  if (const auto* error = std::get_if<ErrorMessage>(&message)) {
    if (error->code == ErrorCode::kNoSession) {
      // While HELLO is out, this is about a message of the session before.
      if (!is_up()) return;
      go_down("the tracker knows no such session");
      say_hello();
      return;
    }
    const bool is_about_hello = error->about_seq == 1;
    if (is_about_hello &&
        (error->code == ErrorCode::kVersion || error->code == ErrorCode::kForbidden)) {
      const std::string reason = str_cat("the tracker at ", options.url, " refuses: ", error->text);
      go_down(reason);
      has_failed = true;
      push(LinkRefused{reason});
      return;
    }
  }
  if (const auto* goodbye = std::get_if<Goodbye>(&message)) {
    const std::string reason = str_cat("the tracker says goodbye: ", goodbye->reason);
    go_down(reason);
    if (goodbye->retry_after_ms == 0) {
      has_failed = true;
      push(LinkRefused{reason});
    } else {
      reconnect(reason);
    }
    return;
  }
  if (std::holds_alternative<Pong>(message)) return;
  push(LinkMessage{std::move(message), header.ack});
}

void Link::State::flush_outgoing() {
  for (;;) {
    std::pair<std::uint64_t, Message> first;
    {
      const std::lock_guard lock(mutex);
      if (!welcome || outgoing.empty()) return;
      first = outgoing.front();
    }
    if (!send_now(first.second, first.first)) return;
    const std::lock_guard lock(mutex);
    if (!outgoing.empty() && outgoing.front().first == first.first) outgoing.pop_front();
  }
}

void Link::State::check_timers() {
  const auto now = Clock::now();
  std::optional<std::uint32_t> beat_ms;
  std::uint64_t ping_seq = 0;
  {
    const std::lock_guard lock(mutex);
    if (welcome) {
      beat_ms = welcome->beat_ms;
      if (now - connection->sent_at >= milliseconds(*beat_ms)) ping_seq = next_seq++;
    }
  }
  if (ping_seq != 0) send_now(Ping{ping_seq}, ping_seq);
  if (beat_ms && now - connection->heard_at > milliseconds(*beat_ms * options.silent_beats)) {
    reconnect(str_cat("nothing heard from ", options.url, " for ", *beat_ms * options.silent_beats,
                      " ms"));
  } else if (!beat_ms && connection->is_ready &&
             now - connection->hello_at > milliseconds(options.hello_timeout_ms)) {
    reconnect(str_cat("no answer to HELLO from ", options.url));
  }
}

void Link::State::reconnect(const std::string& reason) {
  go_down(reason);
  connection.reset();
  connection.emplace(context, options);
}

void Link::State::say_goodbye() {
  bool is_open = false;
  std::uint64_t seq = 0;
  {
    const std::lock_guard lock(mutex);
    is_open = welcome.has_value();
    seq = next_seq++;
  }
  if (!is_open) return;
  flush_outgoing();
  connection->socket.set_linger_ms(kGoodbyeMs);
  send_now(Goodbye{"done", 0}, seq);
}

Link::Link(LinkOptions options) : state_(std::make_unique<State>(std::move(options))) {
  // Made on the caller's thread so that an unusable URL or key throws here; from now on it is the
  // thread's.
  state_->connection.emplace(state_->context, state_->options);
  state_->thread = std::thread([this] { state_->run(); });
}

Link::~Link() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->is_stopping = true;
  }
  state_->wake_thread.set();
  state_->thread.join();
}

std::uint64_t Link::send(const Message& message) { return state_->send(message); }

std::optional<LinkEvent> Link::next(int timeout_ms) { return state_->next(timeout_ms); }

int Link::ready_fd() const { return state_->wake_owner.fd(); }

bool Link::is_up() const { return state_->is_up(); }

std::string Link::why_down() const {
  const std::lock_guard lock(state_->mutex);
  return state_->why;
}

}  // namespace tenon::rpc
