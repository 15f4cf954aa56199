#pragma once
//! What a study that collects data donations asks for: blueprints (kinds of files to donate) and a questionnaire. Plain values and
//! their JSON form. Donations of a blueprint are records of its dataset, answers those of the questionnaire's.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "model/definition.h"

namespace sheaf::model {

struct ExtractionRule {
  std::int64_t id = 0;
  std::string field;
  bool regex_field = false;
  std::optional<std::string> comparison_operator;  //!< nullopt: the field is kept
  std::string comparison_value;
  std::string replacement_value;
};

struct Blueprint {
  std::int64_t id = 0;
  std::string name;
  std::optional<std::string> description;
  std::string format = "json";  //!< json or csv
  std::string json_extraction_root;
  std::vector<std::string> expected_fields;
  bool exp_fields_regex_matching = false;
  std::optional<std::string> regex_path;
  std::vector<ExtractionRule> extraction_rules;  //!< in order of execution
  std::string csv_delimiter;
};

struct QuestionItem {
  std::int64_t id = 0;
  std::int64_t value = 0;
};

struct Question {
  std::int64_t id = 0;
  std::string variable_name;        //!< [-A-Za-z0-9_]{1,50}
  std::vector<QuestionItem> items;  //!< in order; each is a variable of its own: NAME-VALUE
};

struct DonationProject {
  std::string url_id;  //!< 8 characters of [A-Za-z0-9]
  std::string slug;    //!< of the addresses that participants see
  bool active = true;
  std::string contact_information;
  std::string data_protection_statement;
  bool url_parameter_enabled = false;
  std::string expected_url_parameters;  //!< separated by `;`
  bool briefing_consent = false;        //!< participants are asked for consent before anything else
  std::vector<Blueprint> blueprints;    //!< in order of display
  std::vector<Question> questionnaire;  //!< in order of page and index

  const Blueprint* FindBlueprint(std::int64_t id) const;
};

inline constexpr std::string_view kQuestionnaireDataset = "questionnaire";
//! Its field that names the file of answers that came while the study was locked; then snapshot and variables are empty.
inline constexpr std::string_view kSealedAnswers = "sealed_answers";
//! "blueprint-3"
std::string BlueprintDatasetId(std::int64_t blueprint);
//! The definitions of what is collected. Donations: status, consent, payload (a file's id), entries. Answers: one text field a variable, and
//! `snapshot` and `config` as the browser sent them.
Dataset BlueprintDataset(const Blueprint& blueprint);
Dataset QuestionnaireDataset(const DonationProject& project);
//! What a variable is called, in order; items of a question each have their own.
struct Variable {
  std::string name;
  const Question* question = nullptr;
  const QuestionItem* item = nullptr;
};
std::vector<Variable> Variables(const DonationProject& project);

//! kBadMember, kUnknownMember with a JSON pointer as place. What is absent has its default; url_id and slug stay empty.
Result<DonationProject> ParseDonationProject(std::string_view json);
//! All members, in one order.
std::string DonationProjectJson(const DonationProject& project);

}  // namespace sheaf::model
