// Understanding of pictures, sound, videos and links.
#include <array>

#include "base/make_row.h"
#include "extensions/ancestor/fields.h"
#include "extensions/ancestor/graft.h"

namespace carapace::ancestor {
namespace {

using namespace make_row;

constexpr std::array kScopePlaces{Place{"tools.media.image.scope"},
                                  Place{"tools.media.audio.scope"},
                                  Place{"tools.media.video.scope"}, Place{"tools.links.scope"}};
constexpr std::array kScope{
    choice("default", "allow|deny", "What holds where no rule fits."),
    objects("rules", "Rules; the first that fits counts."),
    choice("rules.*.action", "allow|deny", "What the rule says."),
    text("rules.*.match.channel", "Channel of the rule."),
    choice("rules.*.match.chatType", "direct|group|channel", "Kind of chat of the rule."),
    text("rules.*.match.keyPrefix", "How keys of its sessions begin."),
};

constexpr std::array kKindPlaces{Place{"tools.media.image"}, Place{"tools.media.audio"},
                                 Place{"tools.media.video"}};
constexpr std::array kKind{
    flag("enabled", "Are such files turned into text?"),
    choice("attachments.mode", "first|all", "Is the first file of a message looked at, or all?",
           R"("first")"),
    whole("attachments.maxAttachments", 1, kMost, "Most files of a message.", "1"),
    choice("attachments.prefer", "first|last|path|url", "Which file comes first.", R"("first")"),
    objects("models", "Models that look at it, in their order."),
};

constexpr std::array kModelPlaces{
    Place{"tools.media.models.*"}, Place{"tools.media.image.models.*"},
    Place{"tools.media.audio.models.*"}, Place{"tools.media.video.models.*"}};
constexpr std::array kModel{
    text("provider", "Provider of the model."),
    text("model", "The model itself."),
    texts("capabilities", "What it understands: image, audio, video."),
    choice("type", "provider|cli", "A provider's model, or a program?"),
    text("command", "The program."),
    texts("args", "Arguments of the program."),
    text("profile", "Account at the provider."),
    text("preferredProfile", "Account that is tried first."),
};

constexpr std::array kRequestPlaces{
    Place{"tools.media.image"},          Place{"tools.media.audio"},
    Place{"tools.media.video"},          Place{"tools.media.models.*"},
    Place{"tools.media.image.models.*"}, Place{"tools.media.audio.models.*"},
    Place{"tools.media.video.models.*"}};
constexpr std::array kRequest{
    text("prompt", "What the model is asked."),
    text("language", "Language of what is spoken."),
    map("providerOptions", "Further options by provider."),
    flag("deepgram.detectLanguage", "Does Deepgram find the language?"),
    flag("deepgram.punctuate", "Does Deepgram set full stops?"),
    flag("deepgram.smartFormat", "Does Deepgram format numbers?"),
    text("baseUrl", "Address of the API."),
    secret_map("headers", "Further HTTP headers."),
};

// A model that says nothing has the limits of its kind.
constexpr std::array kLimits{
    whole("maxBytes", 1, kMost, "Most bytes of a file."),
    whole("maxChars", 1, kMost, "Most characters of the text."),
    whole("timeoutSeconds", 1, kMost, "Seconds after which the model is given up."),
};

constexpr auto kOwn = planned(
    std::array{
        whole("tools.media.image.maxBytes", 1, kMost, "Most bytes of a picture.", "10485760"),
        whole("tools.media.image.maxChars", 1, kMost, "Most characters of the text.", "500"),
        whole("tools.media.image.timeoutSeconds", 1, kMost,
              "Seconds after which a model is given up.", "60"),
        whole("tools.media.audio.maxBytes", 1, kMost, "Most bytes of a recording.", "20971520"),
        whole("tools.media.audio.maxChars", 1, kMost,
              "Most characters of the text; no limit when not set."),
        whole("tools.media.audio.timeoutSeconds", 1, kMost,
              "Seconds after which a model is given up.", "60"),
        whole("tools.media.video.maxBytes", 1, kMost, "Most bytes of a video.", "52428800"),
        whole("tools.media.video.maxChars", 1, kMost, "Most characters of the text.", "500"),
        whole("tools.media.video.timeoutSeconds", 1, kMost,
              "Seconds after which a model is given up.", "120"),
        objects("tools.media.models", "Models for all kinds of files."),
        whole("tools.media.concurrency", 1, kMost, "Files that are looked at side by side.", "2"),
        flag("tools.links.enabled", "Are links in messages read?"),
        whole("tools.links.maxLinks", 1, kMost, "Most links of a message.", "3"),
        whole("tools.links.timeoutSeconds", 1, kMost, "Seconds after which a link is given up.",
              "30"),
        objects("tools.links.models", "Programs that sum up a page."),
        choice("tools.links.models.*.type", "cli", "Kind of the program."),
        text("tools.links.models.*.command", "The program."),
        texts("tools.links.models.*.args", "Arguments of the program."),
        whole("tools.links.models.*.timeoutSeconds", 1, kMost,
              "Seconds after which the program is ended."),
    },
    Reload::none);

constexpr auto& kScopes = Graft<kScopePlaces, kScope>::kRows;
constexpr auto& kKinds = Graft<kKindPlaces, kKind>::kRows;
constexpr auto& kModels = Graft<kModelPlaces, kModel>::kRows;
constexpr auto& kRequests = Graft<kRequestPlaces, kRequest>::kRows;
constexpr auto& kModelLimits = Graft<kModelPlaces, kLimits>::kRows;
constexpr auto kFields = joined(kOwn, kScopes, kKinds, kModels, kRequests, kModelLimits);

}  // namespace

std::span<const FieldRow> media_fields() { return kFields; }

}  // namespace carapace::ancestor
