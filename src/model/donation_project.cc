#include "model/donation_project.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/ids.h"
#include "model/strict_json.h"

namespace sheaf::model {
namespace {

namespace json = boost::json;

constexpr JsonLimits kLimits{4u << 20, 8};
constexpr std::size_t kMostText = 100'000;
constexpr std::size_t kMostElements = 5000;
constexpr std::size_t kLongestVariable = 50;

//! One object's members, each taken once; what is left over was not asked for.
class Reader {
 public:
  Reader(const json::value& value, std::string pointer) : pointer_(std::move(pointer)) {
    if (value.is_object()) object_ = &value.get_object();
    else failure_ = Error{ErrorCode::kBadMember, "This must be an object.", pointer_, 0};
  }

  void Text(std::string_view name, std::string& text, bool required = false) {
    const json::value* const value = Take(name);
    if (value == nullptr && !required) return;
    if (value == nullptr || !value->is_string() || value->get_string().size() > kMostText) return Bad(name, "must be a text");
    text = std::string(value->get_string());
  }
  void OptionalText(std::string_view name, std::optional<std::string>& text) {
    const json::value* const value = Take(name);
    if (value == nullptr || value->is_null()) return;
    if (!value->is_string() || value->get_string().size() > kMostText) return Bad(name, "must be a text or null");
    text = std::string(value->get_string());
  }
  void Flag(std::string_view name, bool& flag) {
    const json::value* const value = Take(name);
    if (value == nullptr) return;
    if (!value->is_bool()) return Bad(name, "must be true or false");
    flag = value->get_bool();
  }
  void Number(std::string_view name, std::int64_t& number) {
    const json::value* const value = Take(name);
    if (value == nullptr || !value->is_int64() || std::abs(value->get_int64()) > 1'000'000'000) return Bad(name, "must be a whole number");
    number = value->get_int64();
  }
  void Texts(std::string_view name, std::vector<std::string>& texts) {
    const json::value* const value = Take(name);
    if (value == nullptr) return;
    if (!value->is_array() || value->get_array().size() > kMostElements) return Bad(name, "must be a list of texts");
    for (const json::value& one : value->get_array()) {
      if (!one.is_string() || one.get_string().size() > kMostText) return Bad(name, "must be a list of texts");
      texts.emplace_back(one.get_string());
    }
  }
  template <class Item, class Read>
  void List(std::string_view name, std::vector<Item>& items, Read&& read) {
    const json::value* const value = Take(name);
    if (value == nullptr) return;
    if (!value->is_array() || value->get_array().size() > kMostElements) return Bad(name, "must be a list");
    const std::string place = PointerTo(pointer_, name);
    for (std::size_t i = 0; i < value->get_array().size() && !failure_; ++i) {
      Reader reader(value->get_array()[i], PointerTo(place, i));
      Item item;
      if (!reader.failure_) read(reader, item);
      reader.Finish();
      failure_ = std::move(reader.failure_);
      items.push_back(std::move(item));
    }
  }
  void Bad(std::string_view name, std::string_view what) {
    if (!failure_)
      failure_ = Error{ErrorCode::kBadMember, "\"" + std::string(name) + "\" " + std::string(what) + ".", PointerTo(pointer_, name), 0};
  }
  Status Outcome() {
    Finish();
    if (failure_) return Fail(*failure_);
    return {};
  }

 private:
  const json::value* Take(std::string_view name) {
    if (object_ == nullptr) return nullptr;
    taken_.insert(name);
    return object_->if_contains(json::string_view(name.data(), name.size()));
  }
  void Finish() {
    if (object_ == nullptr || failure_) return;
    for (const auto& member : *object_) {
      const std::string_view name(member.key().data(), member.key().size());
      if (taken_.count(name) == 0) failure_ = Error{ErrorCode::kUnknownMember, "There is no such member.", PointerTo(pointer_, name), 0};
    }
  }

  std::string pointer_;
  const json::object* object_ = nullptr;
  std::set<std::string_view> taken_;
  std::optional<Error> failure_;
};

bool IsOperator(const std::string& word) {
  constexpr std::string_view kOperators[] = {
      "", "==", "!=", ">", "<", ">=", "<=", "regex-delete-match", "regex-replace-match", "regex-delete-row"};
  return std::find(std::begin(kOperators), std::end(kOperators), word) != std::end(kOperators);
}

void ReadRule(Reader& reader, ExtractionRule& rule) {
  reader.Number("id", rule.id);
  reader.Text("field", rule.field, true);
  reader.Flag("regex_field", rule.regex_field);
  reader.OptionalText("comparison_operator", rule.comparison_operator);
  reader.Text("comparison_value", rule.comparison_value);
  reader.Text("replacement_value", rule.replacement_value);
  if (rule.comparison_operator && !IsOperator(*rule.comparison_operator)) reader.Bad("comparison_operator", "is no known operator");
}

void ReadBlueprint(Reader& reader, Blueprint& blueprint) {
  reader.Number("id", blueprint.id);
  reader.Text("name", blueprint.name, true);
  reader.OptionalText("description", blueprint.description);
  reader.Text("format", blueprint.format);
  reader.Text("json_extraction_root", blueprint.json_extraction_root);
  reader.Texts("expected_fields", blueprint.expected_fields);
  reader.Flag("exp_fields_regex_matching", blueprint.exp_fields_regex_matching);
  reader.OptionalText("regex_path", blueprint.regex_path);
  reader.List("extraction_rules", blueprint.extraction_rules, ReadRule);
  reader.Text("csv_delimiter", blueprint.csv_delimiter);
  if (blueprint.format != "json" && blueprint.format != "csv") reader.Bad("format", "is json or csv");
  if (blueprint.id < 1) reader.Bad("id", "must be above zero");
}

void ReadQuestion(Reader& reader, Question& question) {
  reader.Number("id", question.id);
  reader.Text("variable_name", question.variable_name, true);
  reader.List("items", question.items, [](Reader& item_reader, QuestionItem& item) {
    item_reader.Number("id", item.id);
    item_reader.Number("value", item.value);
  });
  if (!IsSlug(question.variable_name) || question.variable_name.size() > kLongestVariable) {
    reader.Bad("variable_name", "has 1 to 50 of A-Z a-z 0-9 _ -");
  }
}

bool IsUrlId(std::string_view text) {
  return text.size() == 8 && std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80 && std::isalnum(c) != 0; });
}

Status CheckUnique(const DonationProject& project) {
  std::set<std::int64_t> blueprints, questions, items;
  std::set<std::string> names;
  for (const Blueprint& one : project.blueprints) {
    if (!blueprints.insert(one.id).second) return Fail(ErrorCode::kBadMember, "Two blueprints have the same id.", "/blueprints");
  }
  for (const Question& one : project.questionnaire) {
    if (!questions.insert(one.id).second) return Fail(ErrorCode::kBadMember, "Two questions have the same id.", "/questionnaire");
    for (const QuestionItem& item : one.items) {
      if (!items.insert(item.id).second) return Fail(ErrorCode::kBadMember, "Two items have the same id.", "/questionnaire");
    }
  }
  for (const Variable& variable : Variables(project)) {
    const bool taken =
        !names.insert(variable.name).second || variable.name == "snapshot" || variable.name == "config" || variable.name == kSealedAnswers;
    if (taken) return Fail(ErrorCode::kBadMember, "The variable " + variable.name + " is there already.", "/questionnaire");
  }
  return {};
}

Field TextField(std::string id, FieldType type) {
  Field field;
  field.id = std::move(id);
  field.name = field.label = field.id;
  field.type = type;
  return field;
}

json::value OrNull(const std::optional<std::string>& text) { return text ? json::value(*text) : json::value(nullptr); }

json::object Object(const Blueprint& blueprint) {
  json::array rules;
  for (const ExtractionRule& rule : blueprint.extraction_rules) {
    rules.push_back(json::object{{"id", rule.id},
                                 {"field", rule.field},
                                 {"regex_field", rule.regex_field},
                                 {"comparison_operator", OrNull(rule.comparison_operator)},
                                 {"comparison_value", rule.comparison_value},
                                 {"replacement_value", rule.replacement_value}});
  }
  return {{"id", blueprint.id},
          {"name", blueprint.name},
          {"description", OrNull(blueprint.description)},
          {"format", blueprint.format},
          {"json_extraction_root", blueprint.json_extraction_root},
          {"expected_fields", json::array(blueprint.expected_fields.begin(), blueprint.expected_fields.end())},
          {"exp_fields_regex_matching", blueprint.exp_fields_regex_matching},
          {"regex_path", OrNull(blueprint.regex_path)},
          {"extraction_rules", std::move(rules)},
          {"csv_delimiter", blueprint.csv_delimiter}};
}

}  // namespace

const Blueprint* DonationProject::FindBlueprint(std::int64_t id) const {
  const auto found = std::find_if(blueprints.begin(), blueprints.end(), [&](const Blueprint& one) { return one.id == id; });
  return found == blueprints.end() ? nullptr : &*found;
}

std::string BlueprintDatasetId(std::int64_t blueprint) { return "blueprint-" + std::to_string(blueprint); }

Dataset BlueprintDataset(const Blueprint& blueprint) {
  Dataset dataset;
  dataset.id = BlueprintDatasetId(blueprint.id);
  dataset.name = blueprint.name;
  dataset.kind = DatasetKind::kDonation;
  dataset.mode = DatasetMode::kKeyed;
  dataset.fields = {TextField("status", FieldType::kString), TextField("consent", FieldType::kBoolean),
                    TextField("payload", FieldType::kString), TextField("entries", FieldType::kInteger)};
  dataset.fields[2].content = "file";
  return dataset;
}

std::vector<Variable> Variables(const DonationProject& project) {
  std::vector<Variable> variables;
  for (const Question& question : project.questionnaire) {
    if (question.items.empty()) variables.push_back({question.variable_name, &question, nullptr});
    for (const QuestionItem& item : question.items) {
      variables.push_back({question.variable_name + "-" + std::to_string(item.value), &question, &item});
    }
  }
  return variables;
}

Dataset QuestionnaireDataset(const DonationProject& project) {
  Dataset dataset;
  dataset.id = kQuestionnaireDataset;
  dataset.name = "Questionnaire";
  dataset.kind = DatasetKind::kSurvey;
  dataset.mode = DatasetMode::kKeyed;
  dataset.fields = {TextField("snapshot", FieldType::kJson), TextField("config", FieldType::kJson)};
  dataset.fields.push_back(TextField(std::string(kSealedAnswers), FieldType::kString));
  for (Field& field : dataset.fields) field.system = true;
  for (const Variable& variable : Variables(project)) dataset.fields.push_back(TextField(variable.name, FieldType::kString));
  return dataset;
}

Result<DonationProject> ParseDonationProject(std::string_view text) {
  json::value value;
  SHEAF_TRY(ParseStrictJson(text, kLimits, value));
  DonationProject project;
  Reader reader(value, "");
  reader.Text("url_id", project.url_id);
  reader.Text("slug", project.slug);
  reader.Flag("active", project.active);
  reader.Text("contact_information", project.contact_information);
  reader.Text("data_protection_statement", project.data_protection_statement);
  reader.Flag("url_parameter_enabled", project.url_parameter_enabled);
  reader.Text("expected_url_parameters", project.expected_url_parameters);
  reader.Flag("briefing_consent", project.briefing_consent);
  reader.List("blueprints", project.blueprints, ReadBlueprint);
  reader.List("questionnaire", project.questionnaire, ReadQuestion);
  if (!project.url_id.empty() && !IsUrlId(project.url_id)) reader.Bad("url_id", "has 8 of A-Z a-z 0-9");
  if (!project.slug.empty() && !IsSlug(project.slug)) reader.Bad("slug", "has 1 to 64 of A-Z a-z 0-9 _ -");
  SHEAF_TRY(reader.Outcome());
  SHEAF_TRY(CheckUnique(project));
  return project;
}

std::string DonationProjectJson(const DonationProject& project) {
  json::array blueprints, questionnaire;
  for (const Blueprint& blueprint : project.blueprints) blueprints.push_back(Object(blueprint));
  for (const Question& question : project.questionnaire) {
    json::array items;
    for (const QuestionItem& item : question.items) items.push_back(json::object{{"id", item.id}, {"value", item.value}});
    questionnaire.push_back(json::object{{"id", question.id}, {"variable_name", question.variable_name}, {"items", std::move(items)}});
  }
  return json::serialize(json::object{{"url_id", project.url_id},
                                      {"slug", project.slug},
                                      {"active", project.active},
                                      {"contact_information", project.contact_information},
                                      {"data_protection_statement", project.data_protection_statement},
                                      {"url_parameter_enabled", project.url_parameter_enabled},
                                      {"expected_url_parameters", project.expected_url_parameters},
                                      {"briefing_consent", project.briefing_consent},
                                      {"blueprints", std::move(blueprints)},
                                      {"questionnaire", std::move(questionnaire)}});
}

}  // namespace sheaf::model
