#include <array>

#include "base/make_row.h"
#include "extensions/ancestor/fields.h"

namespace carapace::ancestor {
namespace {

using namespace make_row;

constexpr auto kQueueModes = "steer|followup|collect|steer-backlog|steer+backlog|queue|interrupt";

constexpr auto kFields = planned(
    std::array{
        text("messages.messagePrefix", "What every message to the agent begins with."),
        text("messages.responsePrefix",
             "What every answer in a chat begins with; auto takes the agent's name."),
        texts("messages.groupChat.mentionPatterns", "Patterns that count as a mention in groups."),
        whole("messages.groupChat.historyLimit", 1, kMost,
              "Messages of a group that the agent is shown.", "50"),
        choice("messages.queue.mode", kQueueModes,
               "What happens to messages that come while the agent works.", R"("collect")"),
        map("messages.queue.byChannel", "The mode of single channels."),
        choice("messages.queue.byChannel.*", kQueueModes, "The mode of this channel."),
        whole("messages.queue.debounceMs", 0, kMost, "Milliseconds to wait for another message.",
              "1000"),
        map("messages.queue.debounceMsByChannel", "Milliseconds to wait, by channel."),
        whole("messages.queue.debounceMsByChannel.*", 0, kMost,
              "Milliseconds to wait in this channel."),
        whole("messages.queue.cap", 1, kMost, "Most messages that wait.", "20"),
        choice("messages.queue.drop", "old|new|summarize",
               "What happens to messages beyond those that may wait.", R"("summarize")"),
        whole("messages.inbound.debounceMs", 0, kMost,
              "Milliseconds in which quick messages of one sender become one.", "0"),
        map("messages.inbound.byChannel", "Milliseconds for quick messages, by channel."),
        whole("messages.inbound.byChannel.*", 0, kMost,
              "Milliseconds in which quick messages in this channel become one."),
        text("messages.ackReaction", "Emoji that says that a message was seen."),
        filled(choice("messages.ackReactionScope", "group-mentions|group-all|direct|all|off",
                      "Which messages get that emoji.", R"("group-mentions")")),
        flag("messages.removeAckAfterReply", "Is the emoji taken away after the answer?", "false"),

        choice("messages.tts.auto", "off|always|inbound|tagged", "Which answers are spoken.",
               R"("off")"),
        flag("messages.tts.enabled", "Are answers spoken? Older files say so instead of auto."),
        choice("messages.tts.mode", "final|all",
               "Is only the last answer of a run spoken, or all of them?", R"("final")"),
        text("messages.tts.provider", "Who speaks: elevenlabs, openai, edge or another."),
        text("messages.tts.summaryModel", "Model that shortens what is too long to speak."),
        flag("messages.tts.modelOverrides.enabled", "May the model change how an answer is spoken?",
             "true"),
        flag("messages.tts.modelOverrides.allowText", "May the model give other words to speak?",
             "true"),
        flag("messages.tts.modelOverrides.allowProvider", "May the model choose who speaks?",
             "true"),
        flag("messages.tts.modelOverrides.allowVoice", "May the model choose the voice?", "true"),
        flag("messages.tts.modelOverrides.allowModelId", "May the model choose the speech model?",
             "true"),
        flag("messages.tts.modelOverrides.allowVoiceSettings", "May the model change the voice?",
             "true"),
        flag("messages.tts.modelOverrides.allowNormalization",
             "May the model choose how text is read?", "true"),
        flag("messages.tts.modelOverrides.allowSeed", "May the model choose the seed?", "true"),
        secret("messages.tts.elevenlabs.apiKey", "Key of ElevenLabs."),
        text("messages.tts.elevenlabs.baseUrl", "Address of the API of ElevenLabs."),
        text("messages.tts.elevenlabs.voiceId", "Voice that speaks."),
        text("messages.tts.elevenlabs.modelId", "Speech model."),
        whole("messages.tts.elevenlabs.seed", 0, 4294967295.0, "Makes speech repeatable."),
        choice("messages.tts.elevenlabs.applyTextNormalization", "auto|on|off",
               "Are numbers and signs read as words?"),
        text("messages.tts.elevenlabs.languageCode", "Language of the text."),
        number("messages.tts.elevenlabs.voiceSettings.stability", 0, 1, "How even the voice is.",
               "0.5"),
        number("messages.tts.elevenlabs.voiceSettings.similarityBoost", 0, 1,
               "How near the voice is to the original.", "0.75"),
        number("messages.tts.elevenlabs.voiceSettings.style", 0, 1, "How expressive the voice is.",
               "0"),
        flag("messages.tts.elevenlabs.voiceSettings.useSpeakerBoost", "Is the voice made clearer?",
             "true"),
        number("messages.tts.elevenlabs.voiceSettings.speed", 0.5, 2, "How fast it speaks.", "1"),
        secret("messages.tts.openai.apiKey", "Key of OpenAI for speech."),
        text("messages.tts.openai.model", "Speech model of OpenAI."),
        text("messages.tts.openai.voice", "Voice of OpenAI.", R"("alloy")"),
        flag("messages.tts.edge.enabled", "May the voices of Edge be used?"),
        text("messages.tts.edge.voice", "Voice of Edge.", R"("en-US-MichelleNeural")"),
        text("messages.tts.edge.lang", "Language of Edge."),
        text("messages.tts.edge.outputFormat", "Format of the sound.",
             R"("audio-24khz-48kbitrate-mono-mp3")"),
        text("messages.tts.edge.pitch", "Pitch of the voice."),
        text("messages.tts.edge.rate", "Speed of the voice."),
        text("messages.tts.edge.volume", "Loudness of the voice."),
        flag("messages.tts.edge.saveSubtitles", "Are subtitles kept beside the sound?"),
        text("messages.tts.edge.proxy", "Proxy for Edge."),
        whole("messages.tts.edge.timeoutMs", 1000, 120000, "Milliseconds for one text."),
        text("messages.tts.chatterbox.url", "Address of a Chatterbox server."),
        text("messages.tts.chatterbox.defaultVoicePath", "File of its voice."),
        text("messages.tts.prefsPath", "File of people's own choices."),
        whole("messages.tts.maxTextLength", 1, kMost, "Most characters that are spoken.", "4096"),
        whole("messages.tts.timeoutMs", 1000, 120000, "Milliseconds for one text.", "30000"),
    },
    Reload::none);

}  // namespace

std::span<const FieldRow> messages_fields() { return kFields; }

}  // namespace carapace::ancestor
