#include "vault/duckdb/sql.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "vault/duckdb/participants_dataset.h"
#include "vault/duckdb/schema.h"

namespace sheaf::vault {
namespace {

using model::ColumnKind;
using model::Operator;
using model::Predicate;
using model::Value;

bool OfParticipant(ColumnKind kind) {
  return kind == ColumnKind::kParticipantId || kind == ColumnKind::kParticipantCode || kind == ColumnKind::kParticipantStatus ||
         kind == ColumnKind::kParticipantAttribute;
}
bool OfSession(ColumnKind kind) {
  return kind == ColumnKind::kSessionId || kind == ColumnKind::kSessionName || kind == ColumnKind::kSessionStatus ||
         kind == ColumnKind::kSessionStart || kind == ColumnKind::kSessionEnd || kind == ColumnKind::kSessionAttribute;
}

class Renderer {
 public:
  Renderer(const SqlContext& context, bool masked) : context_(context), masked_(masked) {}

  Sql Take() { return std::move(sql_); }
  void Text(std::string_view text) { sql_.text += text; }
  void Parameter(Value value) {
    sql_.text += '?';
    sql_.parameters.push_back(std::move(value));
  }

  void Render(const Predicate& predicate) {
    switch (predicate.op) {
      case Operator::kAll: return Join(predicate, " AND ", "TRUE");
      case Operator::kAny: return Join(predicate, " OR ", "FALSE");
      case Operator::kNot:
        // A comparison with null is false in the filter language, so NOT of it is true: coalesce before negating.
        Text("NOT coalesce(");
        Render(predicate.children.at(0));
        Text(", FALSE)");
        return;
      default: return Leaf(predicate);
    }
  }

  //! An expression for sorting by a column.
  std::string SortExpression(const model::Column& column) {
    if (OfParticipant(column.kind)) {
      return fmt::format("(SELECT {} FROM {}.main.participants p WHERE p.no = _participant)",
                         Cast(column, WithoutIds(column, PeopleExpression(column))), context_.alias);
    }
    if (OfSession(column.kind)) {
      return fmt::format("(SELECT {} FROM {}.main.sessions p WHERE p.no = _session)", Cast(column, PeopleExpression(column)),
                         context_.alias);
    }
    // The number of a participant says nothing to a reader: in every sort it stands for the id.
    if (column.kind == ColumnKind::kParticipant) return SortExpression({ColumnKind::kParticipantId, -1, {}});
    if (column.kind == ColumnKind::kSession) return SortExpression({ColumnKind::kSessionId, -1, {}});
    return PhysicalName(column);
  }

  //! The column as a condition sees it. The masks are those of privacy/mask.h, near enough for comparing.
  std::string Expression(const model::Column& column) const {
    const std::string name = PhysicalName(column);
    if (!masked_ || column.kind != ColumnKind::kField) return name;
    const model::FieldType type = context_.dataset.fields[static_cast<std::size_t>(column.field)].type;
    if (type != model::FieldType::kString && type != model::FieldType::kIdentifier) return name;
    constexpr std::string_view kEmail =
        R"re(([A-Za-z0-9._%+'!#$&*/=?^`{|}~-]|[^\x00-\x7F])+(@|%40)([A-Za-z0-9-]|[^\x00-\x7F])+(\.([A-Za-z0-9-]|[^\x00-\x7F])+)+)re";
    constexpr std::string_view kAddress =
        R"re(([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|[0-9A-Fa-f:]*::[0-9A-Fa-f:.]*|[0-9]{1,3}(\.[0-9]{1,3}){3})re";
    return fmt::format(
        "(CASE WHEN {0} IN (SELECT id FROM {1}.main.participants) OR {0} IN (SELECT id FROM {1}.main.sessions) THEN NULL ELSE "
        "regexp_replace(regexp_replace({0}, {2}, '[email]', 'g'), {3}, '[ip]', 'g') END)",
        name, context_.alias, SqlText(kEmail), SqlText(kAddress));
  }

 private:
  void Join(const Predicate& predicate, std::string_view word, std::string_view empty) {
    if (predicate.children.empty()) return Text(empty);
    Text("(");
    for (std::size_t i = 0; i < predicate.children.size(); ++i) {
      if (i > 0) Text(word);
      Render(predicate.children[i]);
    }
    Text(")");
  }

  //! The column of the people tables; attribute names are parameters, and as such bound where the text is placed.
  std::string PeopleExpression(const model::Column& column) {
    switch (column.kind) {
      case ColumnKind::kParticipantId:
      case ColumnKind::kSessionId: return "p.id";
      case ColumnKind::kParticipantCode: return "p.code";
      case ColumnKind::kParticipantStatus:
      case ColumnKind::kSessionStatus: return "p.status";
      case ColumnKind::kSessionName: return "p.name";
      case ColumnKind::kSessionStart: return "p.starts";
      case ColumnKind::kSessionEnd: return "p.ends";
      default: return fmt::format("json_extract_string(p.attributes, {})", AttributePath(column));
    }
  }

  //! A text read as what the column says.
  static std::string Cast(const model::Column& column, std::string text) {
    switch (column.cast) {
      case model::FieldType::kDatetime:
        // A time without an offset is UTC, whatever zone the engine is in.
        return fmt::format(
            "coalesce(epoch_us(CASE WHEN regexp_matches({0}, '[0-9]{{2}}:[0-9]{{2}}.*(Z|[+-][0-9]{{2}}:?[0-9]{{2}})$') THEN TRY_CAST({0} "
            "AS "
            "TIMESTAMPTZ) END), epoch_us(TRY_CAST({0} AS TIMESTAMP)))",
            text);
      case model::FieldType::kDouble: return fmt::format("TRY_CAST({} AS DOUBLE)", text);
      case model::FieldType::kBoolean: return fmt::format("TRY_CAST({} AS BOOLEAN)", text);
      default: return text;
    }
  }

  //! An attribute's text, null where it is somebody's id and ids are masked. A number is a number, even if it is also an id.
  std::string WithoutIds(const model::Column& column, std::string expression) const {
    if (!masked_ || column.kind != ColumnKind::kParticipantAttribute) return expression;
    return fmt::format(
        "(CASE WHEN json_type(p.attributes, {2}) = 'VARCHAR' AND ({0} IN (SELECT id FROM {1}.main.participants) OR "
        "{0} IN (SELECT id FROM {1}.main.sessions)) THEN NULL ELSE {0} END)",
        expression, context_.alias, AttributePath(column));
  }

  //! JSON path with the member quoted; a quote or backslash inside it cannot occur in the name of an attribute that the
  //! filter language accepts, and is dropped here all the same.
  static std::string AttributePath(const model::Column& column) {
    std::string path = "$.\"";
    for (const char c : column.attribute) {
      if (c != '"' && c != '\\') path += c;
    }
    return SqlText(path + "\"");
  }

  void Leaf(const Predicate& predicate) {
    const ColumnKind kind = predicate.column.kind;
    const bool participant = OfParticipant(kind) || kind == ColumnKind::kParticipant;
    if (!participant && !OfSession(kind) && kind != ColumnKind::kSession) return Comparison(predicate, Expression(predicate.column));
    if (ByNumber(predicate, participant)) return;
    model::Column column = predicate.column;
    if (kind == ColumnKind::kParticipant) column.kind = ColumnKind::kParticipantId;
    if (kind == ColumnKind::kSession) column.kind = ColumnKind::kSessionId;
    // Comparisons run on the small people table and the rows are chosen by number. What is negated is chosen by the
    // complement, so that rows without a session are among them.
    const bool negated = predicate.op == Operator::kNotEqual || predicate.op == Operator::kNotIn ||
                         predicate.op == Operator::kNotContains || predicate.op == Operator::kNotStartsWith ||
                         predicate.op == Operator::kNotEndsWith || predicate.op == Operator::kIsNull;
    Predicate positive = predicate;
    if (negated) positive.op = Opposite(predicate.op);
    const std::string_view number = participant ? "_participant" : "_session";
    if (negated) Text(fmt::format("({0} IS NULL OR NOT ", number));
    Text(fmt::format("coalesce({} IN (SELECT no FROM {}.main.{} p WHERE ", number, context_.alias,
                     participant ? "participants" : "sessions"));
    const bool is_cast = column.cast != model::FieldType::kString;
    Comparison(positive, is_cast ? Cast(column, WithoutIds(column, PeopleExpression(column))) : PeopleExpression(column));
    Text("), FALSE)");
    if (negated) Text(")");
  }

  static Operator Opposite(Operator op) {
    switch (op) {
      case Operator::kNotEqual: return Operator::kEqual;
      case Operator::kNotIn: return Operator::kIn;
      case Operator::kNotContains: return Operator::kContains;
      case Operator::kNotStartsWith: return Operator::kStartsWith;
      case Operator::kNotEndsWith: return Operator::kEndsWith;
      default: return Operator::kIsNotNull;
    }
  }

  //! Equality with ids needs no table: the numbers are known. True when it applied.
  bool ByNumber(const Predicate& predicate, bool participant) {
    const ColumnKind kind = predicate.column.kind;
    const bool is_id = kind == ColumnKind::kParticipantId || kind == ColumnKind::kSessionId || kind == ColumnKind::kParticipant ||
                       kind == ColumnKind::kSession;
    const bool positive = predicate.op == Operator::kEqual || predicate.op == Operator::kIn;
    const bool negative = predicate.op == Operator::kNotEqual || predicate.op == Operator::kNotIn;
    if (!is_id || (!positive && !negative) || predicate.column.cast != model::FieldType::kString) return false;
    std::string numbers;
    for (const Value& value : predicate.values) {
      const auto* id = std::get_if<std::string>(&value);
      const auto number = id == nullptr ? std::nullopt
                          : participant ? context_.people.ParticipantNumber(*id)
                                        : context_.people.SessionNumber(*id);
      if (number) numbers += fmt::format("{}{}", numbers.empty() ? "" : ",", *number);
    }
    const std::string_view column = participant ? "_participant" : "_session";
    if (numbers.empty()) {
      Text(positive ? "FALSE" : "TRUE");
    } else if (numbers.find(',') == std::string::npos) {
      Text(fmt::format(fmt::runtime(positive ? "{0} = {1}" : "({0} IS NULL OR {0} <> {1})"), column, numbers));
    } else {
      Text(fmt::format(fmt::runtime(positive ? "{0} IN ({1})" : "({0} IS NULL OR {0} NOT IN ({1}))"), column, numbers));
    }
    return true;
  }

  bool IsSet(const model::Column& column) const {
    return column.kind == ColumnKind::kField &&
           context_.dataset.fields[static_cast<std::size_t>(column.field)].type == model::FieldType::kSet;
  }

  static bool IsAttribute(const model::Column& column) {
    return column.kind == ColumnKind::kParticipantAttribute || column.kind == ColumnKind::kSessionAttribute;
  }

  void Comparison(const Predicate& predicate, std::string expression) {
    // Attributes are JSON: they compare as text, or as numbers when the filter's value is one.
    if (IsAttribute(predicate.column) && !predicate.values.empty() && predicate.column.cast == model::FieldType::kString) {
      const Value& value = predicate.values.front();
      // Texts are compared as they are: who may not see ids may not name them either.
      if (!std::holds_alternative<std::string>(value)) expression = WithoutIds(predicate.column, std::move(expression));
      if (std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value)) {
        expression = fmt::format("TRY_CAST({} AS DOUBLE)", expression);
      } else if (std::holds_alternative<bool>(value)) {
        expression = fmt::format("TRY_CAST({} AS BOOLEAN)", expression);
      }
    }
    switch (predicate.op) {
      case Operator::kIsNull: return Text(expression + " IS NULL");
      case Operator::kIsNotNull: return Text(expression + " IS NOT NULL");
      case Operator::kEqual: return Binary(expression, " = ", predicate.values.at(0));
      case Operator::kGreater: return Binary(expression, " > ", predicate.values.at(0));
      case Operator::kGreaterEqual: return Binary(expression, " >= ", predicate.values.at(0));
      case Operator::kLess: return Binary(expression, " < ", predicate.values.at(0));
      case Operator::kLessEqual: return Binary(expression, " <= ", predicate.values.at(0));
      case Operator::kNotEqual:
        Text("(" + expression + " IS NULL OR ");
        Binary(expression, " <> ", predicate.values.at(0));
        return Text(")");
      case Operator::kBetween:
        Text("(" + expression + " BETWEEN ");
        Parameter(predicate.values.at(0));
        Text(" AND ");
        Parameter(predicate.values.at(1));
        return Text(")");
      case Operator::kIn: return Listed(predicate, expression);
      case Operator::kNotIn:
        Text("(" + expression + " IS NULL OR NOT ");
        Listed(predicate, expression);
        return Text(")");
      case Operator::kContains: return Containing(predicate, expression);
      case Operator::kNotContains:
        Text("(" + expression + " IS NULL OR NOT ");
        Containing(predicate, expression);
        return Text(")");
      case Operator::kStartsWith: return Function("starts_with(lower(", expression, predicate);
      case Operator::kEndsWith: return Function("ends_with(lower(", expression, predicate);
      case Operator::kNotStartsWith:
      case Operator::kNotEndsWith:
        Text("(" + expression + " IS NULL OR NOT ");
        Function(predicate.op == Operator::kNotStartsWith ? "starts_with(lower(" : "ends_with(lower(", expression, predicate);
        return Text(")");
      default: return Text("FALSE");
    }
  }

  void Binary(const std::string& expression, std::string_view word, const Value& value) {
    Text(expression);
    Text(word);
    Parameter(value);
  }

  void Listed(const Predicate& predicate, const std::string& expression) {
    if (predicate.values.empty()) return Text("FALSE");
    Text("(" + expression + " IN (");
    for (std::size_t i = 0; i < predicate.values.size(); ++i) {
      if (i > 0) Text(", ");
      Parameter(predicate.values[i]);
    }
    Text("))");
  }

  void Containing(const Predicate& predicate, const std::string& expression) {
    if (!IsSet(predicate.column)) return Function("contains(lower(", expression, predicate);
    Text("list_contains(" + expression + ", ");
    Parameter(predicate.values.at(0));
    Text("::INTEGER)");
  }

  void Function(std::string_view opening, const std::string& expression, const Predicate& predicate) {
    Text(opening);
    Text(expression);
    Text("), lower(");
    Parameter(predicate.values.at(0));
    Text("::VARCHAR))");
  }

  const SqlContext& context_;
  const bool masked_;
  Sql sql_;
};

//! Rows behind `position` in the order of `keys` (nulls last), then by seq.
void RenderPosition(Renderer& renderer, const Select& select) {
  const auto& position = *select.position;
  if (select.order.empty()) return renderer.Text(fmt::format("_seq > {}", position.seq));
  renderer.Text("(");
  for (std::size_t last = 0; last <= select.order.size(); ++last) {
    if (last > 0) renderer.Text(" OR ");
    renderer.Text("(");
    for (std::size_t key = 0; key < last; ++key) {
      renderer.Text(renderer.SortExpression(select.order[key].column));
      if (position.values[key]) {
        renderer.Text(" = ");
        renderer.Parameter(*position.values[key]);
      } else {
        renderer.Text(" IS NULL");
      }
      renderer.Text(" AND ");
    }
    if (last == select.order.size()) {
      renderer.Text(fmt::format("_seq > {}", position.seq));
    } else if (!position.values[last]) {
      renderer.Text("FALSE");
    } else {
      const std::string expression = renderer.SortExpression(select.order[last].column);
      renderer.Text("(" + expression + (select.order[last].descending ? " < " : " > "));
      renderer.Parameter(*position.values[last]);
      renderer.Text(" OR " + expression + " IS NULL)");
    }
    renderer.Text(")");
  }
  renderer.Text(")");
}

void RenderConditions(Renderer& renderer, const Select& select, const SqlContext& context, bool with_position) {
  renderer.Text(fmt::format("_seq <= {}", select.upto));
  if (select.after > 0) renderer.Text(fmt::format(" AND _seq > {}", select.after));
  if (context.has_dead_rows) renderer.Text(fmt::format(" AND (_dead IS NULL OR _dead > {})", select.upto));
  if (!context.people.Hidden()->empty()) renderer.Text(" AND " + VisibleSql(context.people));
  if (!select.consented_to.empty()) {
    renderer.Text(fmt::format(" AND coalesce(_participant IN (SELECT participant FROM {}.main.consents WHERE purpose = ", context.alias));
    renderer.Parameter(select.consented_to);
    renderer.Text(" GROUP BY participant HAVING arg_max(given, {'given_at': given_at, 'seq': seq})), FALSE)");
  }
  if (select.where) {
    renderer.Text(" AND ");
    renderer.Render(*select.where);
  }
  if (with_position && select.position) {
    renderer.Text(" AND ");
    RenderPosition(renderer, select);
  }
}

}  // namespace

Sql RenderPeople(const model::Predicate& where, const SqlContext& context) {
  Renderer renderer(context, false);
  renderer.Render(where);
  return renderer.Take();
}

std::string RenderGroup(const model::Column& column, const SqlContext& context) {
  Renderer renderer(context, true);
  return column.kind == ColumnKind::kField ? renderer.Expression(column) : renderer.SortExpression(column);
}

std::string NumberCondition(std::string_view column, const std::vector<std::int32_t>& numbers) {
  if (numbers.empty()) return "FALSE";
  return fmt::format("{} IN ({})", column, fmt::join(numbers, ","));
}

Sql RenderWhere(const Select& select, const SqlContext& context, bool with_position) {
  Renderer renderer(context, select.masked);
  RenderConditions(renderer, select, context, with_position);
  return renderer.Take();
}

Sql RenderSelect(const Select& select, const SqlContext& context, std::string_view columns) {
  Renderer renderer(context, select.masked);
  renderer.Text("SELECT ");
  if (!columns.empty()) {
    renderer.Text(columns);
  } else {
    for (std::size_t i = 0; i < select.columns.size(); ++i) {
      if (i > 0) renderer.Text(", ");
      renderer.Text(PhysicalName(select.columns[i]));
    }
    // The cursor goes on from the last seq it has seen.
    renderer.Text(select.columns.empty() ? "_seq" : ", _seq");
  }
  renderer.Text(" FROM " + SourceSql(context.alias, context.dataset.number) + " WHERE ");
  RenderConditions(renderer, select, context, true);
  // Rows are stored in order of seq by the one writer, and the engine keeps stored order where nothing else is asked.
  if (!select.order.empty()) {
    renderer.Text(" ORDER BY ");
    for (const auto& key : select.order) {
      renderer.Text(renderer.SortExpression(key.column) + (key.descending ? " DESC" : " ASC") + " NULLS LAST, ");
    }
    renderer.Text("_seq ASC");
  }
  // Participants have no such writer.
  if (select.order.empty() && columns.empty() && context.dataset.number == 0) renderer.Text(" ORDER BY _seq ASC");
  if (select.limit > 0) renderer.Text(fmt::format(" LIMIT {}", select.limit));
  return renderer.Take();
}

std::string VisibleSql(const People& people, std::string_view column) {
  const auto hidden = people.Hidden();
  if (hidden->empty()) return "TRUE";
  return fmt::format("{} NOT IN ({})", column, fmt::join(*hidden, ","));
}

Status BindParameters(Statement& statement, const std::vector<Value>& parameters, int first) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const int place = first + static_cast<int>(i);
    std::visit([&](const auto& value) { statement.Bind(place, value); }, parameters[i]);
  }
  return {};
}

}  // namespace sheaf::vault
