// SPDX-License-Identifier: Apache-2.0
// What -F takes, for the help of sub and rr.

enum FormatHelp {
    static let text = """
          %p payload          %x %X payload in hex (%.2x groups digits, %.2:x with ':')
          %t topic            %l length      %q QoS      %r retain flag      %m message id
          %j JSON object      %J the same, payload as JSON
          %d %f payload as double, float     %I local time    %U Unix time    %% percent sign
          MQTT 5: %A alias  %C content type  %D correlation data  %E expiry  %F payload format
                  %P user properties  %R response topic  %S subscription identifiers
          @X strftime's code X   @N nanoseconds   @@ at sign   \\\\ \\0 \\a \\e \\n \\r \\t \\v
          Between % and the letter: 0 (zeros), - (left), width, .digits

        """
}
