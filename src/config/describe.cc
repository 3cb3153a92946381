#include "config/describe.h"

#include <memory>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "config/json5.h"

namespace carapace::config {
namespace {

using std::string_view;

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
    case FieldType::any: return "null";
  }
  return "null";
}

std::string shown(double number) { return fmt::format("{:.15g}", number); }

// The tree of the rows in the order in which their paths first appear.
struct Branch {
  string_view name;
  const FieldRow* row = nullptr;
  std::vector<std::unique_ptr<Branch>> children;

  Branch& child(string_view wanted) {
    for (const auto& entry : children)
      if (entry->name == wanted) return *entry;
    children.push_back(std::make_unique<Branch>(wanted));
    return *children.back();
  }
};

class Example {
 public:
  std::string render(std::span<const FieldRow> rows) {
    Branch root;
    for (const auto& row : rows) {
      auto* at = &root;
      for (const auto part : split(row.path, '.')) at = &at->child(part);
      at->row = &row;
    }
    out_ =
        "// Configuration of Carapace, all of it. Every key is optional; what stands here "
        "commented out is the\n"
        "// default. Copy what you change to carapace.json5 in the state folder (carapace config "
        "path says where).\n"
        "// ${NAME} in a text is replaced by the environment variable NAME. Made from the field "
        "rows: do not edit.\n"
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
    const auto key =
        is_plain_key(branch.name) ? std::string(branch.name) : std::string(R"("my-provider")");
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

std::string facts(const FieldRow& row) {
  std::string out = row.one_of.empty() ? std::string(type_name(row.type))
                                       : replace_all(std::string(row.one_of), "|", ", ");
  if (row.min != row.max) out += fmt::format(" from {} to {}", shown(row.min), shown(row.max));
  if (!row.fallback.empty()) out += fmt::format("; default {}", row.fallback);
  if (row.secret) out += "; secret";
  if (row.reload == Reload::restart) out += "; needs a restart";
  return out;
}

std::string describe(const FieldRow& row) {
  return fmt::format("{}: {} ({})", row.path, row.description, facts(row));
}

std::string render_example(std::span<const FieldRow> rows) { return Example().render(rows); }

}  // namespace carapace::config
