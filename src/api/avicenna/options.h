#pragma once
//! What the protocol leaves open, decided in one place: what can be set, then what cannot.

#include <array>
#include <cstdint>
#include <string_view>

#include "base/error.h"

namespace sheaf::api::avicenna {

//! Set with `--avicenna NAME=VALUE`; docs/avicenna.md names them.
struct Options {
  //! A sensor export that begins after it ends, as in the protocol's own example: reversed_dates=swap|refuse
  bool refuse_reversed_dates = false;
  //! A rule set without columns: empty_columns=refuse|all
  bool empty_columns_are_all = false;
  //! Exports of one account that may wait or run at once; then 429 with `retry_after_s` seconds to wait.
  std::int64_t unfinished_exports = 5;
  std::int64_t retry_after_s = 20;
  //! Sensor rows are ordered by participant and time; more than this many come in the order they arrived in, which takes a
  //! third of the time. Of one participant that is the order of time, unless a device was late. 0: always ordered.
  std::int64_t sort_up_to_rows = 1'000'000;
  //! A sensor file of at least this many bytes is sent as a ZIP that holds it; 0: never.
  std::int64_t zip_from_bytes = 10 << 20;
};

//! Sets one by "name=value". kUsage with what is wrong.
Status SetOption(Options& options, std::string_view assignment);

//! The word under which the catalog keeps jobs of this protocol.
inline constexpr std::string_view kDialect = "avicenna";

inline constexpr std::size_t kMaxBody = 1u << 20;
inline constexpr int kMaxQueryDepth = 16;
inline constexpr std::size_t kMaxQueryLeaves = 1000;
inline constexpr std::size_t kMaxListedValues = 10000;
//! Where answers that are files lie in the ZIP of a survey; their cells say `response-files/NAME`.
inline constexpr std::string_view kAnswerFolder = "response-files";

struct StatusWord {
  int number;
  std::string_view label;
};
inline constexpr StatusWord kPending{0, "Pending"}, kProcessing{1, "Processing"}, kSuccess{2, "Success"}, kFailed{3, "Failed"},
    kExpired{4, "Expired"};

//! A participant's status: Sheaf's word and the protocol's number.
inline constexpr std::array<StatusWord, 4> kParticipantStates = {{{0, "invited"}, {1, "active"}, {2, "completed"}, {3, "dropped"}}};

//! The letters in a question's heading of style v1, by the kind of question, else by the type of its field. A definition may
//! say its own: the attribute `code` of a field.
struct QuestionCode {
  std::string_view question;
  std::string_view code;
};
inline constexpr std::array<QuestionCode, 15> kQuestionCodes = {{{"single_choice", "SAQ"},
                                                                 {"single_grid", "SAQ"},
                                                                 {"multiple_choice", "MAQ"},
                                                                 {"multiple_grid", "MAQ"},
                                                                 {"slider", "VAS"},
                                                                 {"nps", "VAS"},
                                                                 {"number", "NUM"},
                                                                 {"number_grid", "NUM"},
                                                                 {"date", "DTM"},
                                                                 {"rank", "RNK"},
                                                                 {"media_audio", "AUT"},
                                                                 {"media_image", "IMG"},
                                                                 {"media_video", "VID"},
                                                                 {"image_upload", "IMG"},
                                                                 {"text", "TXT"}}};

//! Whole numbers above this stand for participants whose ids are no numbers.
inline constexpr std::int64_t kAliasBase = 1'000'000'000;

}  // namespace sheaf::api::avicenna
