// The load generator of the figures in docs/PERFORMANCE.md: drives a gateway of protocol 3 on
// 127.0.0.1 and prints one line of JSON per run. One thread. tests/bench/run.py calls it; the words
// of the command line stand in `usage` below. Times are of the monotonic clock, in milliseconds.
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "load_client.h"

namespace carapace::bench {
namespace {

constexpr const char* kUsage =
    "usage: gateway_load MODE [--port P] [--token T] [options] [-- COMMAND ...]\n"
    "  rpc    closed loop   --clients C --seconds S [--warm S] [--method M] [--bare 1]\n"
    "  hold   idle clients  --clients C [--window W] [--client-mode M]; ends with its input\n"
    "  turns  chat turns    --sessions N --turns T --prefix P [--message M] [--fresh 1: a new "
    "session\n"
    "                       per turn]; one subscriber\n"
    "  start  COMMAND is started until hello-ok and stopped  --repeat N\n"
    "  exec   COMMAND runs to its end  --repeat N\n";
constexpr double kLimitMs = 180'000;  // of a whole run

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
double ms_since(std::int64_t start_ns) { return static_cast<double>(now_ns() - start_ns) / 1e6; }

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "gateway_load: %s\n", why.c_str());
  std::_Exit(1);
}

struct Options {
  std::map<std::string, std::string> values;
  std::vector<std::string> command;

  std::string text(const std::string& name, const std::string& fallback = "") const {
    const auto found = values.find(name);
    return found == values.end() ? fallback : found->second;
  }
  int number(const std::string& name, int fallback) const {
    const auto found = values.find(name);
    return found == values.end() ? fallback : std::atoi(found->second.c_str());
  }
  double real(const std::string& name, double fallback) const {
    const auto found = values.find(name);
    return found == values.end() ? fallback : std::atof(found->second.c_str());
  }
  Target target() const {
    return {static_cast<std::uint16_t>(number("port", 18789)), text("token"),
            text("client-mode", "cli"), number("bare", 0) != 0};
  }
};

double share(std::vector<double>& values, double part) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1) + 0.5);
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(at));
  return values[at];
}

std::string list_json(const std::vector<double>& values) {
  std::string out;
  char number[32];
  for (const auto value : values) {
    std::snprintf(number, sizeof(number), "%.3f", value);
    out += (out.empty() ? "" : ",") + std::string(number);
  }
  return "[" + out + "]";
}

// Many clients at once.
struct Crowd {
  explicit Crowd(const Options& options) : target(options.target()) {}

  // At most `window` of them between connect and hello-ok at any time.
  void open(int count, int window, const LoadClient::OnMessage& on_message) {
    const auto start = now_ns();
    std::vector<LoadClient*> waiting;
    while (static_cast<int>(clients.size()) < count || !waiting.empty()) {
      while (static_cast<int>(clients.size()) < count &&
             static_cast<int>(waiting.size()) < window) {
        auto& client =
            clients.emplace_back(std::make_unique<LoadClient>(poller, target, on_message));
        client->number = static_cast<int>(clients.size()) - 1;
        if (!client->connect()) give_up("cannot connect");
        waiting.push_back(client.get());
      }
      poller.step(1'000);
      std::erase_if(waiting, [](const LoadClient* client) {
        if (client->state() == LoadClient::State::closed) give_up(client->why_closed());
        return client->state() == LoadClient::State::open;
      });
      if (ms_since(start) > kLimitMs) give_up("clients did not get in");
    }
  }
  int lost() const {
    return static_cast<int>(std::ranges::count_if(
        clients, [](const auto& client) { return client->state() != LoadClient::State::open; }));
  }

  Target target;
  Poller poller;
  std::vector<std::unique_ptr<LoadClient>> clients;
};

// One request in flight per client.
int run_rpc(const Options& options) {
  Crowd crowd(options);
  const auto frame = text_frame(R"({"type":"req","id":"r","method":")" +
                                options.text("method", "health") + R"(","params":{}})");
  const int count = options.number("clients", 1);
  std::vector<double> waits_us;
  waits_us.reserve(1U << 20U);
  std::int64_t answers = 0;
  std::int64_t all_answers = 0;
  std::int64_t answer_bytes = 0;
  bool measuring = false;
  crowd.open(count, 64, [&](LoadClient& client, std::string_view message) {
    if (message.starts_with(R"({"type":"event")")) return;
    if (!crowd.target.bare && message.find(R"("ok":true)") == std::string_view::npos)
      give_up("refused: " + std::string(message.substr(0, 300)));
    ++all_answers;
    if (measuring) {
      ++answers;
      answer_bytes = static_cast<std::int64_t>(message.size());
      waits_us.push_back(static_cast<double>(now_ns() - client.sent_at_ns) / 1e3);
    }
    client.sent_at_ns = now_ns();
    client.send_frame(frame);
  });
  for (const auto& client : crowd.clients) {
    client->sent_at_ns = now_ns();
    client->send_frame(frame);
  }
  auto start = now_ns();
  const auto wait = [&](double seconds) {
    while (ms_since(start) < seconds * 1e3) crowd.poller.step(100);
  };
  wait(options.real("warm", 0.3));
  measuring = true;
  start = now_ns();
  wait(options.real("seconds", 2));
  const auto elapsed_ms = ms_since(start);
  if (const int lost = crowd.lost()) give_up(std::to_string(lost) + " clients were lost");
  std::printf(R"({"mode":"rpc","clients":%d,"per_s":%.0f,"p50_us":%.1f,"p99_us":%.1f,)"
              R"("answer_bytes":%lld,"answers_with_warm_up":%lld})"
              "\n",
              count, static_cast<double>(answers) / elapsed_ms * 1e3, share(waits_us, .5),
              share(waits_us, .99), static_cast<long long>(answer_bytes),
              static_cast<long long>(all_answers));
  return 0;
}

int run_hold(const Options& options) {
  Crowd crowd(options);
  std::int64_t events = 0;
  const int count = options.number("clients", 1'000);
  const auto start = now_ns();
  crowd.open(count, options.number("window", 64),
             [&events](LoadClient&, std::string_view) { ++events; });
  std::printf(R"({"mode":"hold","clients":%d,"open_ms":%.1f})"
              "\n",
              count, ms_since(start));
  std::fflush(stdout);
  crowd.poller.watch_input();
  while (!crowd.poller.input_ended()) crowd.poller.step(1'000);
  std::printf(R"({"mode":"held","lost":%d,"events":%lld})"
              "\n",
              crowd.lost(), static_cast<long long>(events));
  return 0;
}

// Turns of several sessions at once, over one connection that also gets all events.
class Turns {
 public:
  explicit Turns(const Options& options)
      : sessions_(options.number("sessions", 1)),
        turns_(options.number("turns", 10)),
        fresh_(options.number("fresh", 0) != 0),
        prefix_(options.text("prefix", "bench")),
        message_(options.text("message", "Hello.")),
        tag_(std::to_string(now_ns())),
        crowd_(options),
        begun_ns_(index(sessions_)),
        done_(index(sessions_)) {}

  int run() {
    crowd_.open(1, 1, [this](LoadClient&, std::string_view message) { take(message); });
    const auto start = now_ns();
    for (int session = 0; session < sessions_; ++session) begin(session);
    while (ended_ + failed_ < sessions_ * turns_) {
      crowd_.poller.step(1'000);
      if (crowd_.lost() > 0) give_up("lost the connection: " + crowd_.clients[0]->why_closed());
      if (ms_since(start) > kLimitMs) give_up("turns did not end");
    }
    const auto elapsed_ms = ms_since(start);
    std::printf(R"({"mode":"turns","sessions":%d,"turns":%d,"failed":%d,"first_error":"%s",)"
                R"("per_s":%.1f,"ack_ms":%.3f,"final_ms":%.3f,"final_p90_ms":%.3f,)"
                R"("events_per_turn":%.1f,"finals_ms":%s})"
                "\n",
                sessions_, ended_, failed_, first_error_.c_str(), ended_ / elapsed_ms * 1e3,
                share(acks_ms_, .5), share(finals_ms_, .5), share(finals_ms_, .9),
                static_cast<double>(events_) / std::max(1, ended_), list_json(finals_ms_).c_str());
    return failed_ == 0 ? 0 : 1;
  }

 private:
  static std::size_t index(int number) { return static_cast<std::size_t>(number); }

  void begin(int session) {
    const auto run =
        tag_ + "-" + std::to_string(session) + "-" + std::to_string(done_[index(session)]);
    // A single session may be a given one, such as a long conversation.
    auto key = sessions_ == 1 ? prefix_ : prefix_ + "-" + std::to_string(session);
    if (fresh_) key += "-" + std::to_string(done_[index(session)]);
    begun_ns_[index(session)] = now_ns();
    crowd_.clients[0]->send_frame(text_frame(
        R"({"type":"req","id":")" + run + R"(","method":"chat.send","params":{"sessionKey":")" +
        key + R"(","message":")" + message_ + R"(","idempotencyKey":")" + run + R"("}})"));
  }

  int session_of(std::string_view run) const {
    if (!run.starts_with(tag_) || run.size() <= tag_.size()) return -1;
    return std::atoi(std::string(run.substr(tag_.size() + 1)).c_str());
  }

  void take(std::string_view message) {
    if (!message.starts_with(R"({"type":"event")")) {
      const auto session = session_of(member(message, "id"));
      if (session < 0) return;
      if (message.find(R"("ok":true)") == std::string_view::npos)
        return fail_turn(session, message);
      acks_ms_.push_back(ms_since(begun_ns_[index(session)]));
      return;
    }
    ++events_;
    // The state stands before the text, so that nothing in an answer can look like it.
    const auto head = message.substr(0, message.find(R"("message")"));
    if (member(head, "event") != "chat") return;
    const auto state = member(head, "state");
    const auto session = session_of(member(head, "runId"));
    if (session < 0 || state == "delta") return;
    if (state != "final") return fail_turn(session, message);
    finals_ms_.push_back(ms_since(begun_ns_[index(session)]));
    ++ended_;
    next(session);
  }

  void fail_turn(int session, std::string_view message) {
    if (first_error_.empty()) {
      first_error_ = message.substr(0, 300);
      std::ranges::replace(first_error_, '"', '\'');
      std::ranges::replace(first_error_, '\\', '/');
    }
    ++failed_;
    next(session);
  }

  void next(int session) {
    if (++done_[index(session)] >= turns_) return;
    begin(session);
  }

  int sessions_, turns_;
  bool fresh_;
  std::string prefix_, message_, tag_;
  Crowd crowd_;
  std::vector<std::int64_t> begun_ns_;
  std::vector<int> done_;
  std::vector<double> acks_ms_, finals_ms_;
  std::int64_t events_ = 0;
  int ended_ = 0, failed_ = 0;
  std::string first_error_;
};

pid_t spawn(const std::vector<std::string>& command) {
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&files, file, "/dev/null", O_RDWR, 0);
  pid_t child = -1;
  const int error = ::posix_spawn(&child, words[0], &files, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) give_up("cannot start " + command[0]);
  return child;
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  return status;
}

// nullopt: it does not listen yet. The client is gone afterwards, so that nothing delays the stop.
std::optional<double> try_hello(const Target& target, std::int64_t start_ns) {
  Poller poller;
  LoadClient client(poller, target, [](LoadClient&, std::string_view) {});
  if (!client.connect()) return std::nullopt;
  while (client.state() != LoadClient::State::open) {
    if (client.state() == LoadClient::State::closed) give_up(client.why_closed());
    poller.step(1'000);
  }
  return ms_since(start_ns);
}

// Asks again every 200 µs until the gateway greets.
double hello_ms(const Options& options) {
  const auto target = options.target();
  const auto start = now_ns();
  const auto child = spawn(options.command);
  for (;;) {
    if (const auto elapsed = try_hello(target, start)) {
      ::kill(child, SIGTERM);
      wait_for(child);
      return *elapsed;
    }
    if (::waitpid(child, nullptr, WNOHANG) == child) give_up("it ended by itself");
    if (ms_since(start) > kLimitMs) give_up("it did not listen");
    ::usleep(200);
  }
}

double run_ms(const Options& options) {
  const auto start = now_ns();
  const auto child = spawn(options.command);
  if (const int status = wait_for(child)) give_up("it ended with status " + std::to_string(status));
  return ms_since(start);
}

int repeat(const Options& options, const char* mode, double (*once)(const Options&)) {
  if (options.command.empty()) give_up("which command?");
  std::vector<double> times;
  for (int i = options.number("repeat", 10); i > 0; --i) times.push_back(once(options));
  const auto list = list_json(times);
  std::printf(R"({"mode":"%s","median_ms":%.3f,"all_ms":%s})"
              "\n",
              mode, share(times, .5), list.c_str());
  return 0;
}

Options read_options(int count, char** arguments) {
  Options options;
  for (int i = 2; i < count; ++i) {
    const std::string word = arguments[i];
    if (word == "--") {
      options.command.assign(arguments + i + 1, arguments + count);
      break;
    }
    if (!word.starts_with("--") || i + 1 >= count) give_up(std::string("what is ") + word + "?");
    options.values[word.substr(2)] = arguments[++i];
  }
  return options;
}

int run(int count, char** arguments) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const std::string_view mode = count < 2 ? "" : arguments[1];
  const auto options = read_options(count, arguments);
  if (mode == "rpc") return run_rpc(options);
  if (mode == "hold") return run_hold(options);
  if (mode == "turns") return Turns(options).run();
  if (mode == "start") return repeat(options, "start", hello_ms);
  if (mode == "exec") return repeat(options, "exec", run_ms);
  std::fputs(kUsage, stderr);
  return 2;
}

}  // namespace
}  // namespace carapace::bench

int main(int count, char** arguments) { return carapace::bench::run(count, arguments); }
