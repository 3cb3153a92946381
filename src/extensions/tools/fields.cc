#include "extensions/tools/fields.h"

#include <array>

namespace carapace::tools {
namespace {

using enum FieldType;

constexpr double kMiB = 1024.0 * 1024.0;

// path, type, default as JSON, description, allowed values, smallest, largest, secret, reload, part
constexpr std::array kFields{
    FieldRow{"tools.web.fetch.enabled", boolean, "true", "May the agent read web pages?", "", 0, 0,
             false, Reload::hot},
    FieldRow{"tools.web.fetch.allowPrivateHosts", text_list, "[]",
             "Hosts of the private network that the agent may read all the same.", "", 0, 0, false,
             Reload::hot},
    FieldRow{"tools.web.fetch.maxBytes", integer, "5242880", "Most bytes of a page that are read.",
             "", 1024, 256 * kMiB, false, Reload::hot},
    FieldRow{"tools.web.fetch.timeoutSeconds", integer, "30",
             "Seconds after which reading a page is given up.", "", 1, 600, false, Reload::hot},
};

}  // namespace

std::span<const FieldRow> fields() { return kFields; }

}  // namespace carapace::tools
