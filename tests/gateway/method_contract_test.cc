// What every method keeps, asked of every row: its name, its authority, its parameters, and an
// answer to whatever a client may send.
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "gateway/gateway_fixture.h"
#include "gateway/method_table.h"
#include "rpc/params.h"

namespace carapace::test {
namespace {

using rpc::ParamRow;
using rpc::ParamType;

bool is_method_name(std::string_view name) {
  bool begins = true;  // a word begins
  for (const char c : name) {
    if (c == '.' || c == '-') {
      if (begins) return false;
      begins = true;
      continue;
    }
    if (!std::isalnum(static_cast<unsigned char>(c)) || (begins && !std::islower(c))) return false;
    begins = false;
  }
  return !begins;
}

void check_rows(std::string_view where, std::span<const ParamRow> rows) {
  std::set<std::string_view> names;
  for (const auto& row : rows) {
    const auto at = std::string(where) + " " + std::string(row.name);
    EXPECT_FALSE(row.name.empty()) << at;
    EXPECT_TRUE(names.insert(row.name).second) << at << " twice";
    EXPECT_LE(row.min, row.max) << at;
    const bool words = row.type == ParamType::constant || row.type == ParamType::choice;
    EXPECT_EQ(words, !row.one_of.empty()) << at;
    EXPECT_EQ(row.type == ParamType::object, row.fields != nullptr) << at;
    if (row.fields) check_rows(at, {row.fields, row.field_count});
  }
}

// The least that fits a row.
json::value fitting(const ParamRow& row) {
  const auto least = row.min == rpc::kNoMin ? 0 : row.min;
  switch (row.type) {
    case ParamType::any: return "x";
    case ParamType::text:
      return json::string(static_cast<std::size_t>(std::max<std::int64_t>(least, 1)), 'x');
    case ParamType::integer:
    case ParamType::number: return row.max == rpc::kNoMax ? least : std::min(least, row.max);
    case ParamType::boolean: return false;
    case ParamType::constant:
    case ParamType::choice: return json::string(row.one_of.substr(0, row.one_of.find('|')));
    case ParamType::texts:
    case ParamType::list: return json::array(static_cast<std::size_t>(least), json::value("text"));
    case ParamType::flags: return json::object{};
    case ParamType::object: break;
  }
  json::object out;
  for (std::size_t i = 0; i < row.field_count; ++i)
    if (row.fields[i].required) out[row.fields[i].name] = fitting(row.fields[i]);
  return out;
}

json::object least(const rpc::ParamSchema& schema) {
  json::object out;
  for (const auto& row : schema.rows)
    if (row.required) out[row.name] = fitting(row);
  return out;
}

json::value nested(int levels) {
  json::value out = json::array{};
  for (int i = 0; i < levels; ++i) out = json::array{std::move(out)};
  return out;
}

// What no property of any row expects, in turn.
json::array hostile_values() {
  json::array out{nullptr, true, -1, 0.5, 1e300, ""};
  out.emplace_back(json::string(100'000, 'x'));
  out.emplace_back(std::string_view("a\0b\x1b[2J\xe2\x80\xae", 10));
  out.push_back(nested(20));
  out.push_back(json::array{json::object{}});
  out.push_back(json::object{{"__proto__", 1}});
  return out;
}

class MethodContract : public GatewayTest {
 protected:
  // One well-formed answer to one request, and a client that stays connected.
  std::string answer(FakeSocket& socket, std::string_view method, const json::value& params) {
    const auto id = "c" + std::to_string(++asked_);
    say(socket, dump_json(json::object{
                    {"type", "req"}, {"id", id}, {"method", method}, {"params", params}}));
    wait_for(socket, [&] { return !responses(socket, id).empty() || socket.close_code != 0; });
    EXPECT_EQ(socket.close_code, 0) << method << ' ' << dump_json(params).substr(0, 200);
    const auto all = responses(socket, id);
    if (all.empty()) return "no answer";
    const auto& response = all.front();
    if (response.at("ok").as_bool()) return {};
    const auto* error = find_object(response, "error");
    EXPECT_TRUE(error) << method;
    if (!error) return "no error";
    EXPECT_FALSE(string_or(*error, "code", "").empty()) << method;
    const auto message = string_or(*error, "message", "");
    EXPECT_FALSE(message.empty()) << method;
    return message;
  }
  // What does not fit is refused by the schema, in its own words, before the handler sees it.
  void expect_refused(FakeSocket& socket, std::string_view method, const rpc::ParamSchema& schema,
                      const json::value& params) {
    const auto why = rpc::check_params(schema, &params);
    ASSERT_FALSE(why.empty()) << method << ' ' << dump_json(params);
    const auto before = door_.inbounds.size();
    EXPECT_EQ(answer(socket, method, params), "invalid " + std::string(method) + " params: " + why);
    EXPECT_EQ(door_.inbounds.size(), before) << method;
    socket.frames.clear();
  }

  const gateway::MethodTable table_;

 private:
  int asked_ = 0;
};

TEST_F(MethodContract, rows_are_complete) {
  ASSERT_GT(table_.rows().size(), 10U);
  for (const auto& [name, row] : table_.rows()) {
    EXPECT_TRUE(is_method_name(name)) << name;
    EXPECT_EQ(name, row->name);
    EXPECT_NE(row->authority, gateway::Authority::unset) << name;
    EXPECT_TRUE(row->quick || row->work) << name;
    EXPECT_FALSE(row->params.anything && !row->params.rows.empty()) << name;
    check_rows(name, row->params.rows);
    const json::value smallest = least(row->params);
    EXPECT_EQ(rpc::check_params(row->params, &smallest), "") << name;
  }
}

TEST_F(MethodContract, no_scope_no_method) {
  const auto socket = connected({"operator.none"});
  for (const auto& [name, row] : table_.rows()) {
    const auto said = answer(*socket, name, least(row->params));
    EXPECT_TRUE(said.starts_with("missing scope: operator.")) << name << ": " << said;
  }
  EXPECT_TRUE(door_.inbounds.empty());
}

TEST_F(MethodContract, parameters_that_are_no_object) {
  const auto socket = connected();
  for (const auto& [name, row] : table_.rows())
    for (const json::value& params :
         {json::value("x"), json::value(1), json::value(json::array{})}) {
      if (row->params.anything)
        answer(*socket, name, params);
      else
        expect_refused(*socket, name, row->params, params);
    }
}

TEST_F(MethodContract, properties_that_are_missing_or_unknown) {
  const auto socket = connected();
  for (const auto& [name, row] : table_.rows()) {
    if (row->params.anything) continue;
    auto more = least(row->params);
    more["no such property"] = 1;
    expect_refused(*socket, name, row->params, more);
    for (const auto& param : row->params.rows) {
      if (!param.required) continue;
      auto less = least(row->params);
      less.erase(param.name);
      expect_refused(*socket, name, row->params, less);
    }
  }
}

TEST_F(MethodContract, values_of_the_wrong_kind) {
  const auto socket = connected();
  for (const auto& [name, row] : table_.rows())
    for (const auto& param : row->params.rows)
      for (const auto& value : hostile_values()) {
        auto params = least(row->params);
        params[param.name] = value;
        const json::value whole = params;
        if (!rpc::check_params(row->params, &whole).empty())
          expect_refused(*socket, name, row->params, whole);
      }
}

// Text that fits its row and nothing else: every handler has an answer to it.
TEST_F(MethodContract, texts_that_mean_nothing) {
  settings_.requests_in_flight = 1'000;
  const auto socket = connected();
  const std::string texts[] = {std::string("a\0b", 3),
                               "../../etc/passwd",
                               "'; DROP TABLE sessions;--",
                               "agent:other:main",
                               "\xf0\x9f\x98\x80",
                               "{}",
                               "%s%n"};
  for (const auto& [name, row] : table_.rows())
    for (const auto& param : row->params.rows) {
      if (param.type != ParamType::text) continue;
      for (const auto& text : texts) {
        auto params = least(row->params);
        if (params.contains("idempotencyKey"))
          params["idempotencyKey"] = "k" + std::to_string(socket->frames.size());
        params[param.name] = text;
        for (const auto& wait : row->params.rows)
          if (wait.name == "timeoutMs") params["timeoutMs"] = 0;
        answer(*socket, name, params);
      }
    }
}

}  // namespace
}  // namespace carapace::test
