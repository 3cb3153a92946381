#include "config/present/describe.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/make_row.h"
#include "base/text.h"
#include "config/json5.h"
#include "config/present/branch.h"

namespace carapace::config {
namespace {

using std::string_view;

// Words that are written as initials.
constexpr std::array<string_view, 14> kInitials{"API", "CORS", "HTTP", "ID",  "IP", "LLM", "QR",
                                                "SSH", "TLS",  "TTL",  "TTS", "UI", "URL", "USD"};

string_view type_name(FieldType type) {
  switch (type) {
    case FieldType::boolean: return "true or false";
    case FieldType::integer: return "whole number";
    case FieldType::number: return "number";
    case FieldType::text: return "text";
    case FieldType::duration: return "length of time";
    case FieldType::text_list: return "list of texts";
    case FieldType::list: return "list";
    case FieldType::object: return "object";
    case FieldType::object_list: return "list of objects";
    case FieldType::map: return "object of texts";
    case FieldType::color: return "color such as #1a2b3c";
    case FieldType::any: return "anything";
  }
  return "";
}

// What stands in the example for a key without a default.
string_view sample(FieldType type) {
  switch (type) {
    case FieldType::boolean: return "true";
    case FieldType::integer:
    case FieldType::number: return "0";
    case FieldType::text: return R"("")";
    case FieldType::duration: return R"("30m")";
    case FieldType::list:
    case FieldType::text_list:
    case FieldType::object_list: return "[]";
    case FieldType::object:
    case FieldType::map: return "{}";
    case FieldType::color: return R"("#1a2b3c")";
    case FieldType::any: return "null";
  }
  return "null";
}

std::string shown(double number) { return fmt::format("{:.16g}", number); }

// " from 1 to 65535", " of at most 50 characters"
std::string bounds(const FieldRow& row) {
  if (row.min == row.max) return {};
  const bool open = row.max >= make_row::kMost;
  if (row.type != FieldType::integer && row.type != FieldType::number) {
    const bool text = row.type == FieldType::text;
    const auto most =
        fmt::format(" of at most {} {}", shown(row.max), text ? "characters" : "items");
    return open ? fmt::format(" of at least {} {}", shown(row.min), text ? "characters" : "items")
                : most;
  }
  if (row.min > 0 && row.min < 1e-300) return open ? " above 0" : " above 0 to " + shown(row.max);
  return open ? fmt::format(" from {} up", shown(row.min))
              : fmt::format(" from {} to {}", shown(row.min), shown(row.max));
}

class Example {
 public:
  std::string render(const Schema& schema) {
    Branch root;
    for (const auto& row : schema.rows())
      if (in_use(row)) root.add(row);
    out_ =
        "// Configuration of Carapace. Every key is optional; what stands here commented out is "
        "the\n"
        "// default. Copy what you change to carapace.json5 in the state folder (carapace config "
        "path says where).\n"
        "// ${NAME} in a text is replaced by the environment variable NAME. Keys of other versions "
        "that change\n"
        "// nothing here yet stand in docs/reference/OTHER_KEYS.md. Made from the field rows: do "
        "not edit.\n"
        "{\n";
    members(root, 1, false);
    out_ += "}\n";
    return std::move(out_);
  }

 private:
  void line(int depth, bool commented, string_view text) {
    out_ += std::string(static_cast<std::size_t>(depth) * 2, ' ') + (commented ? "// " : "") +
            std::string(text) + "\n";
  }

  void members(const Branch& branch, int depth, bool commented) {
    for (const auto& child : branch.children) entry(*child, depth, commented);
  }

  void entry(const Branch& branch, int depth, bool commented) {
    const auto key = is_plain_key(branch.name) ? std::string(branch.name)
                     : branch.children.empty() ? std::string("MY_NAME")
                                               : std::string(R"("my-provider")");
    // Inside a block that is commented out the words need a second mark: they stay when the block
    // comes alive.
    if (branch.row != nullptr)
      line(depth, true,
           fmt::format("{}{} ({})", commented ? "// " : "", branch.row->description,
                       facts(*branch.row)));
    if (branch.children.empty()) {
      const auto value =
          branch.row->fallback.empty() ? sample(branch.row->type) : branch.row->fallback;
      line(depth, true, fmt::format("{}: {},", key, value));
      return;
    }
    // From the first name that the reader must choose on, nothing may stand there as if it were
    // real.
    const bool list = branch.row != nullptr && branch.row->type == FieldType::object_list;
    const bool chosen = commented || list || branch.children.front()->name == "*";
    line(depth, chosen, fmt::format("{}: {}", key, list ? "[{" : "{"));
    members(list ? *branch.children.front() : branch, depth + 1, chosen);
    line(depth, chosen, list ? "}]," : "},");
  }

  std::string out_;
};

}  // namespace

std::string kind_of(const FieldRow& row) {
  std::string out = row.one_of.empty() ? std::string(type_name(row.type))
                                       : replace_all(std::string(row.one_of), "|", ", ");
  if (row.also) out += fmt::format(" or {}", type_name(*row.also));
  return out + bounds(row);
}

std::string facts(const FieldRow& row) {
  auto out = kind_of(row);
  if (!row.fallback.empty()) out += fmt::format("; default {}", row.fallback);
  if (row.secret) out += "; secret";
  if (!row.same_as.empty()) out += fmt::format("; another name of {}", row.same_as);
  if (row.planned) {
    out += "; changes nothing here yet";
  } else if (row.reload == Reload::restart) {
    out += "; needs a restart";
  }
  return out;
}

std::string describe(const FieldRow& row) {
  return fmt::format("{}: {} ({})", row.path, row.description, facts(row));
}

std::string label_of(string_view key) {
  const auto upper = [key](std::size_t at) {
    return at < key.size() && key[at] >= 'A' && key[at] <= 'Z';
  };
  std::string out;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const char c = key[i];
    if (c == '_' || c == '-') {
      out += ' ';
    } else if (upper(i) && i > 0 && !upper(i - 1)) {
      out += ' ';
      out += upper(i + 1) ? c : static_cast<char>(c - 'A' + 'a');
    } else {
      out += c;
    }
  }
  if (!out.empty() && out.front() >= 'a' && out.front() <= 'z')
    out.front() = static_cast<char>(out.front() - 'a' + 'A');
  std::string label;
  for (const auto word : split(out, ' ')) {
    if (!label.empty()) label += ' ';
    const auto found =
        std::ranges::find_if(kInitials, [&](string_view one) { return iequals(word, one); });
    label += found == kInitials.end() ? word : *found;
  }
  return label;
}

bool in_use(const FieldRow& row) {
  return !row.planned && row.same_as.empty() && row.path != "$schema" &&
         !row.path.starts_with("meta.") && !row.path.starts_with("wizard.");
}

std::string render_example(const Schema& schema) { return Example().render(schema); }

}  // namespace carapace::config
