/// A list of texts that are meant as paths.
struct PathList: FieldValue {
  static let noun = "a list of paths"
  let texts: [String]

  init(from decoder: any Decoder) throws {
    texts = try decoder.singleValueContainer().decode([String].self)
  }
}
