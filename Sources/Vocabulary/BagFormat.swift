/// The texts of a BagIt 1.0 bag (RFC 8493).
package enum BagFormat {
  package static let payloadFolder = "data"
  /// `bagit.txt` (§2.1.1).
  package static let declaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

  /// `bag-info.txt` (§2.2.2).
  ///
  /// - Parameters:
  ///   - date: the moment whose day in UTC is the Bagging-Date.
  ///   - identifier: what names the content elsewhere.
  ///   - description: free text; ends of lines become spaces, as a value has one line.
  package static func info(
    date: Timestamp, fileCount: Int64, byteCount: Int64, identifier: String, description: String
  ) -> String {
    let line = description.split(whereSeparator: \.isNewline).joined(separator: " ")
    return "Bag-Software-Agent: sheaf \(SheafVersion.current)\n"
      + "Bagging-Date: \(date.rfc3339.prefix(10))\n"
      + "Payload-Oxum: \(byteCount).\(fileCount)\n"
      + "External-Identifier: \(identifier)\n"
      + "Internal-Sender-Description: \(line)\n"
  }

  /// A line of a manifest (§2.1.3).
  package static func line(_ hex: String, _ path: String) -> String { "\(hex)  \(encoded(path))\n" }

  /// The path with CR, LF and `%` percent-encoded.
  package static func encoded(_ path: String) -> String {
    var text = ""
    for scalar in path.unicodeScalars {
      switch scalar {
      case "\r": text += "%0D"
      case "\n": text += "%0A"
      case "%": text += "%25"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// The path that `encoded` was given; other percent signs stay, as older programs write them so.
  package static func decoded(_ text: String) -> String {
    var path = ""
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      let digits = scalar == "%" ? String(String.UnicodeScalarView(rest.prefix(2))).uppercased() : ""
      guard let plain = ["0D": "\r", "0A": "\n", "25": "%"][digits] as Unicode.Scalar? else {
        path.unicodeScalars.append(scalar)
        continue
      }
      path.unicodeScalars.append(plain)
      rest = rest.dropFirst(2)
    }
    return path
  }
}
