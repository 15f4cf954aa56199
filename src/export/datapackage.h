#pragma once
//! datapackage.json: the ZIP as a Frictionless Data Package v2, so that other tools read types, labels and kinds of missing.

#include <string>
#include <vector>

#include "export/manifest.h"
#include "export/plan.h"

namespace sheaf::exporting {

//! A table schema of the files this plan writes (CSV and Parquet). `summary`: of the dataset, to tell which required fields are
//! never missing; null when unknown.
std::string TableSchemaJson(const Plan& plan, const vault::Summary* summary);

struct PackageDataset {
  std::string dataset;  //!< id
  std::string title;
  std::string schema;       //!< of TableSchemaJson; empty for json and ndjson, which are no tables
  std::string schema_path;  //!< where the schema stands when it is a file of its own; else it is written into each resource
};

//! Indented JSON. The manifest's files of a dataset become resources, in order.
std::string DataPackageJson(const Manifest& manifest, const ExportOptions& options, const std::vector<PackageDataset>& datasets);

//! README.txt in plain words.
std::string ReadmeText(const Manifest& manifest, const ExportOptions& options);

}  // namespace sheaf::exporting
