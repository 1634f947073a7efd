// Judges results with Debian's valijson: SCHEMA VALID... -- INVALID..., as judge.mjs.
#include <fstream>
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

using valijson::adapters::NlohmannJsonAdapter;

static nlohmann::json read(const std::string &path) {
  return nlohmann::json::parse(std::ifstream(path));
}

int main(int count, char **arguments) {
  valijson::Schema schema;
  const auto text = read(arguments[1]);
  valijson::SchemaParser().populateSchema(NlohmannJsonAdapter(text), schema);
  bool valid = true;
  for (int at = 2; at < count; at++) {
    const std::string path = arguments[at];
    if (path == "--") {
      valid = false;
      continue;
    }
    const auto document = read(path);
    valijson::Validator validator;
    const bool accepted = validator.validate(schema, NlohmannJsonAdapter(document), nullptr);
    if (accepted != valid) std::cout << path << (accepted ? ": accepted\n" : ": refused\n");
  }
  std::cout << count - 3 << " documents\n";
}
