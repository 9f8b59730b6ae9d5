import Foundation
import HTTPTypes
import UploadProtocol
import Vocabulary

/// The input is the lines of one field, read as every kind of field that uploads have.
@_cdecl("LLVMFuzzerTestOneInput")
public func checkStructuredFields(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let name = HTTPField.Name.idempotencyKey
  var fields = HTTPFields()
  for line in FuzzInput(start, count).lines() { fields.append(HTTPField(name: name, value: text(line))) }
  checkItems(fields, name)
  checkDictionaries(fields, name)
  checkKey(fields)
  checkOthers(fields[name] ?? "")
  return 0
}

private func checkItems(_ fields: HTTPFields, _ name: HTTPField.Name) {
  if case .value(let value) = fields.structuredInteger(name) {
    precondition((0...999_999_999_999_999).contains(value), "an integer has at most 15 digits and no sign")
    precondition(
      HTTPFields(dictionaryLiteral: (name, String(value))).structuredInteger(name) == .value(value),
      "what is written is read")
  }
  if let value = fields.structuredBoolean(name) {
    precondition(fields[name]?.contains(value ? "?1" : "?0") == true, "a boolean has one spelling")
  }
}

private func checkDictionaries(_ fields: HTTPFields, _ name: HTTPField.Name) {
  if let members = fields.structuredIntegers(name) {
    precondition(Set(members.map(\.key)).count == members.count, "keys are unique")
    let line = members.map { "\($0.key)=\($0.value)" }.joined(separator: ", ")
    let again = HTTPFields(dictionaryLiteral: (name, line)).structuredIntegers(name)
    precondition(again?.map(\.key) == members.map(\.key) && again?.map(\.value) == members.map(\.value))
  }
  guard let members = fields.structuredBytes(name) else { return }
  precondition(Set(members.map(\.key)).count == members.count, "keys are unique")
  let known = members.filter { $0.bytes != nil }
  let line = known.map { "\($0.key)=:\(Base64.encode($0.bytes ?? [])):" }.joined(separator: ",")
  let again = HTTPFields(dictionaryLiteral: (name, line)).structuredBytes(name)
  precondition(again?.map(\.key) == known.map(\.key) && again?.map(\.bytes) == known.map(\.bytes))
}

private func checkKey(_ fields: HTTPFields) {
  guard let key = try? fields.idempotencyKey() else { return }
  precondition((1...255).contains(key.utf8.count), "a key has 1 to 255 characters")
  precondition(key.utf8.allSatisfy { (0x20...0x7e).contains($0) }, "a key is printable ASCII")
}

private func checkOthers(_ text: String) {
  if let name = ContentDispositionParser.filename(text) { precondition(!name.isEmpty) }
  if let range = ContentRange(text) {
    precondition(range.first >= 0 && range.count > 0 && range.last < range.length ?? .max)
  }
  if let bytes = PercentEncoding.decode(text.utf8) {
    let whole = bytes.map { "%" + Hexadecimal.encode([$0]) }.joined()
    precondition(PercentEncoding.decode(whole.utf8) == bytes, "what is written is read")
  }
  guard let concatenation = try? UploadConcatParser.parse(text, authority: "a.example") else { return }
  precondition(isSame(UploadConcatParser.render(concatenation), text), "the field is written as it came")
}
