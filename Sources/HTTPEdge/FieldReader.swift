import Foundation
import Vocabulary

/// The members of one JSON object of a request, with errors that name the field, its value and what would be right.
struct FieldReader {
  private let members: KeyedDecodingContainer<AnyKey>
  private let place: String

  /// - Throws: `ProblemError` with `bad-request` when the value is no object or has a member not among `fields`.
  init(_ decoder: any Decoder, fields: [String]) throws {
    place = Self.text(of: decoder.codingPath)
    do {
      members = try decoder.container(keyedBy: AnyKey.self)
    } catch is DecodingError {
      let value = (try? JSONSketch(from: decoder).text) ?? "that"
      let name = place.isEmpty ? "the body" : place
      throw Self.flaw(place, "\(name) is \(value); it must be an object with \(Self.list(fields))")
    }
    if let unknown = members.allKeys.map(\.stringValue).filter({ !fields.contains($0) }).min() {
      let name = name(unknown)
      throw Self.flaw(name, "\(quoted(name)) is not a field of this request; it takes \(Self.list(fields))")
    }
  }

  /// The member's name from the body's root on, such as `files[3].size`.
  func name(_ field: String) -> String { place.isEmpty ? field : "\(place).\(field)" }

  func required<Value: FieldValue>(_ field: String, as type: Value.Type = Value.self) throws -> Value {
    guard let value = try optional(field, as: type) else {
      throw Self.flaw(name(field), "\(name(field)) is missing; it must be \(Value.noun)")
    }
    return value
  }

  /// nil when the member is absent or null.
  func optional<Value: FieldValue>(_ field: String, as type: Value.Type = Value.self) throws -> Value? {
    let key = AnyKey(field)
    do {
      return try members.decodeIfPresent(type, forKey: key)
    } catch let error as ProblemError {
      throw error
    } catch {
      // Not only DecodingError: a number that does not fit is told by an error of Foundation's own.
      let value = (try? members.decode(JSONSketch.self, forKey: key).text) ?? "that"
      throw Self.flaw(name(field), "\(name(field)) is \(value); it must be \(Value.noun)")
    }
  }

  static func flaw(_ field: String, _ detail: String) -> ProblemError {
    ProblemError(.badRequest, detail: detail, members: field.isEmpty ? [:] : ["field": .text(field)])
  }

  private static func list(_ fields: [String]) -> String { fields.joined(separator: ", ") }

  private static func text(of path: [any CodingKey]) -> String {
    path.reduce("") { text, key in
      if let index = key.intValue { return "\(text)[\(index)]" }
      return text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)"
    }
  }
}

/// A type of JSON value that a field may have.
protocol FieldValue: Decodable {
  /// What an error says the field must be.
  static var noun: String { get }
}
extension String: FieldValue { static var noun: String { "a string" } }
extension Bool: FieldValue { static var noun: String { "true or false" } }
extension Int64: FieldValue { static var noun: String { "a whole number" } }
extension Array: FieldValue where Element: Decodable { static var noun: String { "a list of objects" } }

private struct AnyKey: CodingKey {
  let stringValue: String
  let intValue: Int?
  init(_ name: String) {
    stringValue = name
    intValue = nil
  }
  init?(stringValue: String) { self.init(stringValue) }
  init?(intValue: Int) {
    stringValue = String(intValue)
    self.intValue = intValue
  }
}

/// Any JSON value in a few words, for an error.
private struct JSONSketch: Decodable {
  let text: String

  init(from decoder: any Decoder) throws {
    if let value = try? decoder.singleValueContainer() {
      if value.decodeNil() {
        text = "null"
        return
      }
      if let flag = try? value.decode(Bool.self) {
        text = flag ? "true" : "false"
        return
      }
      if let string = try? value.decode(String.self) {
        text = quoted(string)
        return
      }
      if let integer = try? value.decode(Int64.self) {
        text = String(integer)
        return
      }
      if let number = try? value.decode(Double.self) {
        text = String(number)
        return
      }
    }
    text = (try? decoder.unkeyedContainer()) == nil ? "an object" : "a list"
  }
}
